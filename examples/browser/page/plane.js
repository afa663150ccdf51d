// The plane of points.

import { heatMap, themed } from "./colours.js";
import { connect } from "./worker.js";

const element = (name) => document.querySelector(`#plane-${name}`);

export async function plane() {
    const ask = connect("plane-worker.js");
    const [controls, surface] = [element("controls"), element("surface")];
    let [state, units, curve, seed, playing, busy] = [null, [], [], 1, false, false];
    // Where the keyboard draws, and frames since the last second.
    const cursor = { x: 0, y: 0, shown: false };
    const rate = { since: performance.now(), frames: 0, shown: 0 };

    const settings = () => {
        const value = (name) => Number(controls.elements[name].value);
        const names = ["data", "network", "loss", "optimizer", "rate", "batch"];
        return { ...Object.fromEntries(names.map((name) => [name, value(name)])), seed };
    };

    // One question at a time: the next frame asks again.
    const update = async (type, content) => {
        busy = true;
        try {
            state = { ...state, ...(await ask(type, content)) };
            const [steps, training, , validation] = state.progress;
            if (curve.length === 0 || curve.at(-1).steps < steps) {
                curve.push({ steps, training, validation });
            }
            // A long training keeps a curve of at most a few hundred points.
            if (curve.length > 600) {
                curve = curve.filter((_, index) => index % 2 === 0);
            }
            show();
        } finally {
            busy = false;
        }
    };

    const restart = async () => {
        curve = [];
        await update("start", { settings: settings() });
        units = [...state.units];
        element("description").textContent = state.description;
        element("class").hidden = controls.elements.data.value !== "4";
        status(true);
    };

    const show = () => {
        drawSurface(surface, state, cursor);
        drawLoss(element("loss"), curve);
        drawNetwork(element("network"), state, units);
        document.body.dataset.steps = state.progress[0];
        document.body.dataset.accuracy = state.progress[4];
        rate.frames += 1;
        status(false);
    };

    // A screen reader reads it when it changes: once a second.
    const status = (now) => {
        const passed = performance.now() - rate.since;
        if (passed < 1000 && !now) {
            return;
        }
        if (passed >= 1000) {
            rate.shown = Math.round((1000 * rate.frames) / passed);
            Object.assign(rate, { since: performance.now(), frames: 0 });
            document.body.dataset.frames = rate.shown;
        }
        const [steps, loss, right, later, laterRight] = state.progress;
        const percent = (value) => `${(100 * value).toFixed(1)} %`;
        element("status").textContent = state.points.length === 0
            ? "Draw some points of both colours: click, or use the arrow keys and Enter."
            : `Step ${steps}: training loss ${loss.toFixed(4)}, ${percent(right)} right; validation loss ` +
              `${later.toFixed(4)}, ${percent(laterRight)} right${playing ? `; ${rate.shown} frames a second` : ""}`;
    };

    const play = (on) => {
        playing = on;
        element("play").setAttribute("aria-pressed", String(on));
        element("play").textContent = on ? "Pause" : "Play";
    };

    const add = (x, y) => {
        const colour = Number(document.querySelector("#plane-class input:checked").value);
        if (controls.elements.data.value === "4") {
            update("add", { x, y, colour }).then(() => status(true));
        }
    };

    controls.addEventListener("change", ({ target }) => {
        if (target.name !== "speed") {
            restart();
        }
    });
    controls.addEventListener("submit", (event) => event.preventDefault());
    element("play").addEventListener("click", () => play(!playing));
    element("one").addEventListener("click", async () => {
        play(false);
        await update("steps", { count: 1 });
        status(true);
    });
    element("reset").addEventListener("click", () => {
        seed += 1;
        restart();
    });
    surface.addEventListener("pointerdown", (event) => {
        const box = surface.getBoundingClientRect();
        const along = (position, start, length) => ((position - start) / length) * 2 - 1;
        add(state.reach * along(event.clientX, box.left, box.width), -state.reach * along(event.clientY, box.top, box.height));
    });
    surface.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (move) {
            const place = (value, by) => Math.min(1.5, Math.max(-1.5, value + 0.1 * by));
            Object.assign(cursor, { x: place(cursor.x, move[0]), y: place(cursor.y, move[1]), shown: true });
            drawSurface(surface, state, cursor);
        } else if (event.key === "Enter") {
            add(cursor.x, cursor.y);
        } else {
            return;
        }
        event.preventDefault();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

    await restart();
    const frame = () => {
        if (playing && !busy) {
            update("steps", { count: Number(controls.elements.speed.value) }).catch(() => play(false));
        }
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}

function drawSurface(canvas, { side, reach, surface, points }, cursor) {
    const context = canvas.getContext("2d");
    const units = surface.length / (side * side);
    context.imageSmoothingEnabled = true;
    context.drawImage(heatMap(side, (cell) => surface[(cell + 1) * units - 1]), 0, 0, canvas.width, canvas.height);
    const at = (x, y) => [((x / reach + 1) * canvas.width) / 2, ((1 - y / reach) * canvas.height) / 2];
    for (let index = 0; index < points.length; index += 4) {
        const [x, y, colour, validation] = points.subarray(index, index + 4);
        context.beginPath();
        context.arc(...at(x, y), 4, 0, 2 * Math.PI);
        context.lineWidth = 1.5;
        const strong = colour === 1 ? "#a94800" : "#00507f";
        if (validation) {
            context.strokeStyle = strong;
        } else {
            context.fillStyle = strong;
            context.fill();
            context.strokeStyle = "#fff";
        }
        context.stroke();
    }
    if (cursor.shown) {
        const [x, y] = at(cursor.x, cursor.y);
        context.strokeStyle = "#000";
        context.strokeRect(x - 7, y - 7, 14, 14);
    }
}

// On a logarithmic scale.
function drawLoss(canvas, curve) {
    const context = canvas.getContext("2d");
    const [width, height, left, bottom] = [canvas.width, canvas.height, 52, 34];
    context.clearRect(0, 0, width, height);
    context.fillStyle = themed("text");
    context.strokeStyle = themed("line");
    context.lineWidth = 1;
    context.font = "13px system-ui, sans-serif";
    const losses = curve.flatMap(({ training, validation }) => [training, validation]).filter((loss) => loss > 0);
    if (losses.length === 0) {
        return;
    }
    const floor = Math.floor(Math.log10(Math.max(1e-6, Math.min(...losses))));
    const ceiling = Math.max(floor + 1, Math.ceil(Math.log10(Math.min(1e6, Math.max(...losses)))));
    const last = Math.max(1, curve.at(-1).steps);
    const x = (steps) => left + ((width - left - 12) * steps) / last;
    const y = (loss) => {
        const power = Math.log10(Math.min(1e6, Math.max(1e-6, loss)));
        return 12 + ((height - bottom - 12) * (ceiling - power)) / (ceiling - floor);
    };
    for (let power = floor; power <= ceiling; power += 1) {
        context.beginPath();
        context.moveTo(left, y(10 ** power));
        context.lineTo(width - 12, y(10 ** power));
        context.stroke();
        context.textAlign = "right";
        context.fillText(String(Number((10 ** power).toPrecision(1))), left - 6, y(10 ** power) + 4);
    }
    context.textAlign = "center";
    context.fillText("0", left, height - 14);
    context.fillText(`${last} steps`, width - 50, height - 14);
    for (const [name, colour] of [["training", "orange"], ["validation", "blue"]]) {
        context.strokeStyle = themed(colour);
        context.lineWidth = 2;
        context.beginPath();
        curve.forEach((point) => context.lineTo(x(point.steps), y(point[name])));
        context.stroke();
    }
}

function drawNetwork(canvas, { side, surface, weights }, units) {
    const context = canvas.getContext("2d");
    const [width, height] = [canvas.width, canvas.height];
    context.clearRect(0, 0, width, height);
    const most = Math.max(...units);
    const size = Math.min(40, (height - 20) / most - 3);
    const place = (layer, unit) => [
        40 + ((width - 80) * layer) / Math.max(1, units.length - 1),
        height / 2 + (unit - (units[layer] - 1) / 2) * Math.min(52, (height - 10) / most),
    ];
    // Weights, layer by layer: inputs, each with all its outputs, then biases.
    let start = 0;
    for (let layer = 1; layer < units.length; layer += 1) {
        const [inputs, outputs] = [units[layer - 1], units[layer]];
        for (let input = 0; input < inputs; input += 1) {
            for (let output = 0; output < outputs; output += 1) {
                const weight = weights[start + input * outputs + output];
                context.strokeStyle = themed(weight > 0 ? "orange" : "blue");
                context.globalAlpha = 0.75;
                context.lineWidth = Math.min(6, 0.3 + 1.5 * Math.abs(weight));
                context.beginPath();
                context.moveTo(...place(layer - 1, input));
                context.lineTo(...place(layer, output));
                context.stroke();
            }
        }
        start += inputs * outputs + outputs;
    }
    context.globalAlpha = 1;
    context.font = "15px system-ui, sans-serif";
    context.textAlign = "center";
    for (let input = 0; input < 2; input += 1) {
        const [x, y] = place(0, input);
        context.fillStyle = themed("soft");
        context.beginPath();
        context.arc(x, y, 18, 0, 2 * Math.PI);
        context.fill();
        context.fillStyle = themed("text");
        context.fillText(input === 0 ? "x₀" : "x₁", x, y + 5);
    }
    const count = surface.length / (side * side);
    let unit = 0;
    for (let layer = 1; layer < units.length; layer += 1) {
        const last = layer === units.length - 1;
        for (let index = 0; index < units[layer]; index += 1) {
            const current = unit;
            // Hidden units go from -1 to 1.
            const value = (cell) => surface[cell * count + current];
            const picture = heatMap(side, last ? value : (cell) => (value(cell) + 1) / 2);
            const [x, y] = place(layer, index);
            const edge = last ? 56 : size;
            context.drawImage(picture, x - edge / 2, y - edge / 2, edge, edge);
            context.strokeStyle = themed("text");
            context.lineWidth = 1;
            context.strokeRect(x - edge / 2, y - edge / 2, edge, edge);
            unit += 1;
        }
    }
}

