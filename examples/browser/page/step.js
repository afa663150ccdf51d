// One network of two hidden units, number by number.

import { load } from "./module.js";

const element = (name) => document.querySelector(`#step-${name}`);

// The rows of the table, in the order in which the numbers are computed. The second part is what each derivative is.
const ROWS = [
    ["x0", "input"], ["x1", "input"], ["t", "target"],
    ["w00", "x0 → z0", "dz0·x0"], ["w01", "x0 → z1", "dz1·x0"], ["w10", "x1 → z0", "dz0·x1"], ["w11", "x1 → z1", "dz1·x1"],
    ["b0", "bias of z0", "dz0"], ["b1", "bias of z1", "dz1"],
    ["z0", "x0·w00 + x1·w10 + b0", "dh0·h0·(1 − h0)"], ["z1", "x0·w01 + x1·w11 + b1", "dh1·h1·(1 − h1)"],
    ["h0", "σ(z0)", "dy·v0"], ["h1", "σ(z1)", "dy·v1"],
    ["v0", "h0 → y", "dy·h0"], ["v1", "h1 → y", "dy·h1"], ["c", "bias of y", "dy"],
    ["y", "h0·v0 + h1·v1 + c", "2·(y − t)"], ["L", "(y − t)²"],
];
const WEIGHTS = new Set(["w00", "w01", "w10", "w11", "b0", "b1", "v0", "v1", "c"]);

const NODES = { x0: [70, 90], x1: [70, 250], h0: [330, 90], h1: [330, 250], y: [590, 170], L: [760, 170] };
const ARROWS = [
    ["x0", "h0", "w00", 0.5], ["x0", "h1", "w01", 0.25], ["x1", "h0", "w10", 0.25], ["x1", "h1", "w11", 0.5],
    ["h0", "y", "v0", 0.5], ["h1", "y", "v1", 0.5], ["y", "L", null, 0.5],
];

// The phases of a step: the button that leads to each, and what is known in it.
const PHASES = [
    { button: "Forward", says: "These are the weights, the input and the target." },
    { button: "Backward", says: "Forward: each layer's values from those of the layer before it, and the loss." },
    { button: "Update", says: "Backward: each derivative from that of the layer behind it, by the chain rule." },
];

export async function step() {
    const module = await load("plane");
    let [phase, updates] = [0, 0];

    const numbers = () => {
        const lines = module.readText(module.step_numbers()).trim().split("\n");
        return Object.fromEntries(lines.map((line) => line.split(" ")));
    };

    const show = () => {
        const values = numbers();
        // What is not computed yet is not shown.
        const value = (name) => (phase > 0 || WEIGHTS.has(name) || ["x0", "x1", "t"].includes(name) ? values[name] : "");
        const derivative = (name) => (phase > 1 ? (values[`d${name}`] ?? "") : "");
        element("table").querySelector("tbody").replaceChildren(...ROWS.map(([name, formula, backward]) => {
            const row = document.createElement("tr");
            row.dataset.name = name;
            const says = phase > 1 && backward ? `${formula};  d: ${backward}` : formula;
            for (const [tag, text] of [["th", name], ["td", says], ["td", value(name)], ["td", derivative(name)]]) {
                const cell = document.createElement(tag);
                cell.textContent = text;
                row.append(cell);
            }
            row.firstChild.scope = "row";
            return row;
        }));
        draw(element("picture"), value, derivative);
        element("next").textContent = PHASES[phase].button;
        element("status").textContent = `${PHASES[phase].says} ${updates} update${updates === 1 ? "" : "s"} so far.`;
        document.body.dataset.phase = `${phase}`;
    };

    element("next").addEventListener("click", () => {
        phase = (phase + 1) % PHASES.length;
        if (phase === 0) {
            module.step_update();
            updates += 1;
        }
        show();
    });
    element("reset").addEventListener("click", () => {
        module.step_start();
        [phase, updates] = [0, 0];
        show();
    });
    module.step_start();
    show();
}

function draw(picture, value, derivative) {
    const parts = [];
    const make = (tag, attributes, text) => {
        const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
        Object.entries(attributes).forEach(([name, value]) => part.setAttribute(name, value));
        part.textContent = text ?? "";
        parts.push(part);
    };
    const short = (text) => (text ? Number(text).toFixed(3) : "");
    for (const [from, to, weight, place] of ARROWS) {
        const [[x1, y1], [x2, y2]] = [NODES[from], NODES[to]];
        make("line", { x1, y1, x2, y2 });
        if (weight) {
            const [x, y] = [x1 + (x2 - x1) * place, y1 + (y2 - y1) * place];
            make("text", { x, y: y - 6, class: "value" }, short(value(weight)));
            make("text", { x, y: y + 16, class: "derivative" }, short(derivative(weight)));
        }
    }
    for (const [name, [cx, cy]] of Object.entries(NODES)) {
        make("circle", { cx, cy, r: 28 });
        make("text", { x: cx, y: cy + 5 }, name);
        make("text", { x: cx, y: cy - 36, class: "value" }, short(value(name)));
        make("text", { x: cx, y: cy + 48, class: "derivative" }, short(derivative(name)));
    }
    picture.replaceChildren(...parts);
}
