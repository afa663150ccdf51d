// Reads digits, and learns to, away from the page. Each message is answered by one.

import { load } from "./module.js";

const SIZE = 785;
// Many at a time, because browsers round their clocks.
const REPEATS = 300;

const loading = (async () => {
    const [digits, response] = await Promise.all([load("digits"), fetch("digits.bin")]);
    if (!response.ok) {
        throw new Error(`${response.url}: ${response.status}`);
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    const count = Math.floor(bytes.length / SIZE);
    for (let index = 0; index < count; index += 1) {
        draw(digits, bytes.subarray(index * SIZE + 1, (index + 1) * SIZE));
        digits.digits_add(bytes[index * SIZE]);
    }
    return { digits, count };
})();

function draw(digits, pixels) {
    for (let word = 0; word < 196; word += 1) {
        const [a, b, c, d] = pixels.subarray(4 * word, 4 * word + 4);
        digits.digits_pixels(word, a | (b << 8) | (c << 16) | (d << 24));
    }
}

// Probabilities and microseconds of the three networks.
function read(digits) {
    return [0, 1, 2].map((network) => {
        digits.digits_read(network, 1);
        const begun = performance.now();
        const probabilities = digits.read(digits.digits_read(network, REPEATS));
        return { probabilities, time: (1000 * (performance.now() - begun)) / REPEATS };
    });
}

const answers = {
    ready: ({ digits, count }) => ({ count, accuracy: digits.digits_accuracy() }),
    read({ digits }, { pixels }) {
        draw(digits, pixels);
        return { answers: read(digits) };
    },
    sample({ digits, count }, { index }) {
        const label = digits.digits_show(index % count);
        const pixels = digits.read(digits.digits_drawing());
        return { label, pixels, answers: read(digits) };
    },
    learn({ digits }, { milliseconds }) {
        let steps = 0;
        for (const end = performance.now() + milliseconds; performance.now() < end;) {
            steps = digits.digits_learn(5);
        }
        return { steps, accuracy: digits.digits_accuracy() };
    },
    forget({ digits }, { seed }) {
        digits.digits_forget(seed);
        return { steps: 0, accuracy: digits.digits_accuracy() };
    },
};

onmessage = async ({ data }) => {
    try {
        postMessage({ id: data.id, ...answers[data.type](await loading, data) });
    } catch (error) {
        postMessage({ id: data.id, error: String(error) });
    }
};
