// Instantiates a module without any imports, and compares what it computes with what the host has computed.
// Usage: node compare.mjs MODULE.wasm HOST.json

import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";

const fail = (message) => {
    console.error(message);
    exit(1);
};

const module = new WebAssembly.Module(readFileSync(argv[2]));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
    fail(`the module imports ${imports.map(({ module, name }) => `${module}.${name}`).join(", ")}`);
}
const { compute, value } = new WebAssembly.Instance(module, {}).exports;

JSON.parse(readFileSync(argv[3])).forEach(([name, expected], part) => {
    const count = compute(part);
    if (count !== expected.length) {
        fail(`${name}: ${count} numbers, and ${expected.length} on the host`);
    }
    const index = expected.findIndex((number, index) => value(index) >>> 0 !== number);
    if (index >= 0) {
        fail(`${name}: number ${index} of ${count} has the bits ${value(index) >>> 0}, and ${expected[index]} on the host`);
    }
    console.log(`${name}: ${count} numbers, the same bits as on the host`);
});
