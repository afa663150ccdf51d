// Digits: three networks read what the user draws.

import { connect } from "./worker.js";

const SIDE = 28;
const element = (name) => document.querySelector(`#digits-${name}`);

export async function digits() {
    const ask = connect("digits-worker.js");
    const canvas = element("drawing");
    const pixels = new Float32Array(SIDE * SIDE);
    let [reading, again, learning, seed, sample, spent] = [false, false, false, 1, 0, 0];
    // Where the keyboard draws, and where the last stroke ended.
    const cursor = { x: 14, y: 14, shown: false };
    let last = null;

    element("answers").querySelector("tbody").replaceChildren(...Array.from({ length: 10 }, (_, digit) => {
        const row = document.createElement("tr");
        const head = document.createElement("th");
        head.scope = "row";
        head.textContent = digit;
        row.append(head, ...[0, 1, 2].map(() => document.createElement("td")));
        return row;
    }));

    const draw = () => {
        const context = canvas.getContext("2d");
        const image = new ImageData(SIDE, SIDE);
        pixels.forEach((pixel, index) => image.data.set([255 * pixel, 255 * pixel, 255 * pixel, 255], 4 * index));
        const small = new OffscreenCanvas(SIDE, SIDE);
        small.getContext("2d").putImageData(image, 0, 0);
        context.imageSmoothingEnabled = false;
        context.drawImage(small, 0, 0, canvas.width, canvas.height);
        if (cursor.shown) {
            context.strokeStyle = "#f08a3c";
            context.lineWidth = 2;
            context.strokeRect(10 * cursor.x - 5, 10 * cursor.y - 5, 10, 10);
        }
    };

    const show = (answers) => {
        const rows = element("answers").querySelectorAll("tbody tr");
        const times = element("answers").querySelectorAll("tfoot td");
        answers.forEach(({ probabilities, time }, network) => {
            const best = probabilities.indexOf(Math.max(...probabilities));
            probabilities.forEach((probability, digit) => {
                const cell = rows[digit].children[network + 1];
                cell.textContent = `${(100 * probability).toFixed(1)} %`;
                cell.classList.toggle("best", digit === best);
            });
            times[network].textContent = `${time.toFixed(1)} µs`;
            document.body.dataset[`answer${network}`] = best;
        });
    };

    // The newest drawing is read; those in between are left out.
    const read = async () => {
        draw();
        if (reading) {
            again = true;
            return;
        }
        reading = true;
        do {
            again = false;
            const { answers } = await ask("read", { pixels: Uint8Array.from(pixels, (pixel) => Math.round(255 * pixel)) });
            show(answers);
        } while (again);
        reading = false;
    };

    // A soft brush, like a pen on the digits that the networks know.
    const dab = (x, y) => {
        for (let row = 0; row < SIDE; row += 1) {
            for (let column = 0; column < SIDE; column += 1) {
                const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
                const ink = Math.min(1, Math.max(0, 2.0 - distance));
                const index = row * SIDE + column;
                pixels[index] = Math.max(pixels[index], ink);
            }
        }
    };
    const stroke = (x, y) => {
        const from = last ?? { x, y };
        const steps = Math.max(1, Math.ceil(2 * Math.hypot(x - from.x, y - from.y)));
        for (let part = 0; part <= steps; part += 1) {
            dab(from.x + ((x - from.x) * part) / steps, from.y + ((y - from.y) * part) / steps);
        }
        last = { x, y };
        read();
    };
    const place = (event) => {
        const box = canvas.getBoundingClientRect();
        return [(SIDE * (event.clientX - box.left)) / box.width, (SIDE * (event.clientY - box.top)) / box.height];
    };
    canvas.addEventListener("pointerdown", (event) => {
        canvas.setPointerCapture(event.pointerId);
        last = null;
        cursor.shown = false;
        stroke(...place(event));
    });
    canvas.addEventListener("pointermove", (event) => {
        if (event.buttons > 0) {
            stroke(...place(event));
        }
    });
    canvas.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (move) {
            const inside = (value) => Math.min(SIDE - 1, Math.max(1, value));
            Object.assign(cursor, { x: inside(cursor.x + move[0]), y: inside(cursor.y + move[1]), shown: true });
            draw();
        } else if (event.key === " ") {
            last = null;
            stroke(cursor.x, cursor.y);
        } else {
            return;
        }
        event.preventDefault();
    });

    element("clear").addEventListener("click", () => {
        pixels.fill(0);
        read();
    });
    element("sample").addEventListener("click", async () => {
        // Every fifth one is not learned from.
        sample += 5;
        const { label, pixels: shown, answers } = await ask("sample", { index: sample });
        pixels.set(shown);
        draw();
        show(answers);
        document.body.dataset.label = label;
    });

    const { count, accuracy } = await ask("ready");
    const status = (steps, accuracy) => {
        const seconds = (spent / 1000).toFixed(1);
        element("status").textContent = steps === 0
            ? `${count} digits, a fifth of them only to test on. The network that learns here is right at ` +
              `${(100 * accuracy).toFixed(1)} % of those.`
            : `After ${steps} steps in ${seconds} seconds, the network that learns here is right at ` +
              `${(100 * accuracy).toFixed(1)} %.`;
        document.body.dataset.learned = accuracy;
        document.body.dataset.seconds = seconds;
    };
    const learn = (on) => {
        learning = on;
        element("learn").setAttribute("aria-pressed", String(on));
        element("learn").textContent = on ? "Pause" : "Learn";
    };
    element("learn").addEventListener("click", async () => {
        learn(!learning);
        while (learning) {
            const begun = performance.now();
            const { steps, accuracy } = await ask("learn", { milliseconds: 200 });
            spent += performance.now() - begun;
            status(steps, accuracy);
            await read();
        }
    });
    element("forget").addEventListener("click", async () => {
        learn(false);
        seed += 1;
        spent = 0;
        const { steps, accuracy } = await ask("forget", { seed });
        status(steps, accuracy);
        await read();
    });
    status(0, accuracy);
    await read();
}
