# Sets up the build for a microcontroller: CARGO_FLAGS, RUSTC and the linker. Source it.
#
# Uses rustup's target if it is available. Otherwise uses Debian's `rustc-web`, which comes with the source of `core`, and builds
# that, with rustup's linker or Debian's. Asks before it installs anything; INSTALL_MISSING=yes or INSTALL_MISSING=no in the
# environment answers.

# Where cargo puts what it builds.
built=${CARGO_TARGET_DIR:-target}

target_flags() {
    local target=$1
    CARGO_FLAGS=()
    if rustup target list --installed 2>/dev/null | grep -qx "$target"; then return; fi
    if command -v rustup >/dev/null && may_install "rustup's target $target" && timeout 60 rustup target add "$target" >&2; then
        return
    fi
    if ! have rustc-web rust-web-src lld; then
        echo "missing: the target $target (rustup target add $target)" >&2
        return 1
    fi
    local lld variable
    lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -path '*/bin/*' 2>/dev/null | head -n 1)
    variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_LINKER
    export "$variable=${lld:-ld.lld}" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    CARGO_FLAGS=(-Zbuild-std=core)
}

# Whether to install this.
may_install() {
    local answer=${INSTALL_MISSING:-}
    if [ -z "$answer" ] && [ -t 0 ]; then
        read -r -p "Install $*? [y/N] " answer
    fi
    [[ $answer == [yY]* ]]
}

# Whether these Debian packages are there, or could be installed.
have() {
    dpkg -s "$@" >/dev/null 2>&1 && return
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && may_install "the packages $*" || return 1
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

if ! command -v qemu-system-arm >/dev/null && ! have qemu-system-arm; then
    echo "missing: qemu-system-arm, from your system's packages (INSTALL_MISSING=yes installs Debian's)" >&2
    exit 1
fi
