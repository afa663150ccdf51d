// Loads a module of the page, with vectors where the browser has them, and reads its results.

// A function that returns i8x16.splat of a constant: valid only where there are vectors.
const VECTORS = new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

export async function load(name) {
    const vectors = WebAssembly.validate(VECTORS);
    const response = await fetch(`${name}${vectors ? "-simd" : ""}.wasm`);
    if (!response.ok) {
        throw new Error(`${response.url}: ${response.status}`);
    }
    const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), {});
    const { exports } = instance;
    return {
        ...exports,
        vectors,
        // A copy of the numbers that a call has left in memory.
        read: (count) => new Float32Array(exports.memory.buffer, exports.numbers(), count).slice(),
        readText: (length) => new TextDecoder().decode(new Uint8Array(exports.memory.buffer, exports.text(), length)),
    };
}
