# Sets up the build for a microcontroller: CARGO_FLAGS, RUSTC and the linker. Source it.
#
# Uses rustup's target if it is available. Otherwise uses Debian's `rustc-web`, which comes with the source of `core`, and builds
# that, with rustup's linker or Debian's.
target_flags() {
    local target=$1
    CARGO_FLAGS=()
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then return; fi
    if timeout 60 rustup target add "$target" >/dev/null 2>&1; then return; fi
    if ! dpkg -s rustc-web rust-web-src lld >/dev/null 2>&1 && ! install rustc-web rust-web-src lld; then
        echo "the target $target is missing: rustup target add $target" >&2
        return 1
    fi
    local lld variable
    lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -path '*/bin/*' 2>/dev/null | head -n 1)
    variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_LINKER
    export "$variable=${lld:-ld.lld}" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    CARGO_FLAGS=(-Zbuild-std=core)
}

# Install Debian packages.
install() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

if ! command -v qemu-system-arm >/dev/null && ! install qemu-system-arm; then
    echo "qemu-system-arm is missing" >&2
    exit 1
fi
