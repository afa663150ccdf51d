// Instantiates a module without any imports, and compares what it computes with the fingerprints of all processors without fused
// multiply-adds.
// Usage: node run.mjs MODULE.wasm plain|simd128

import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";

const [file, instructions] = argv.slice(2);
const fail = (message) => {
    console.error(`${instructions}: ${message}`);
    exit(1);
};

const module = new WebAssembly.Module(readFileSync(file));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
    fail(`the module imports ${imports.map(({ module, name }) => `${module}.${name}`).join(", ")}`);
}
const { compute, expected, has_vectors } = new WebAssembly.Instance(module, {}).exports;

if ((has_vectors() !== 0) !== (instructions === "simd128")) {
    fail(`passes run ${has_vectors() ? "with" : "without"} vectors`);
}
let training = 0;
for (; expected(training) !== 0n; training += 1) {
    const [found, right] = [compute(training), expected(training)].map((number) => BigInt.asUintN(64, number).toString(16));
    if (found !== right) {
        fail(`training ${training} has the fingerprint ${found}, and ${right} on other processors without fused multiply-adds`);
    }
}
if (training === 0) {
    fail("there is no training");
}
console.log(`${instructions}: ${training} trainings with the bits of other processors without fused multiply-adds`);
