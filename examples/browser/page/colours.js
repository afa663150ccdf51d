// Colours of numbers: blue for 0, white for one half, orange for 1.

const BLUE = [0, 114, 178];
const ORANGE = [213, 94, 0];

// Write the colour of a number to four bytes.
function shade(value, bytes, at) {
    const clamped = Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0.5));
    const colour = clamped < 0.5 ? BLUE : ORANGE;
    const strength = 0.75 * Math.abs(2 * clamped - 1);
    for (let part = 0; part < 3; part += 1) {
        bytes[at + part] = 255 - (255 - colour[part]) * strength;
    }
    bytes[at + 3] = 255;
}

// A variable of the style sheet, which knows light and dark.
export function themed(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// A picture of numbers, `values(cell)`, on a canvas of its own, to be drawn at any size.
export function heatMap(side, values) {
    const canvas = new OffscreenCanvas(side, side);
    const context = canvas.getContext("2d");
    const image = context.createImageData(side, side);
    for (let cell = 0; cell < side * side; cell += 1) {
        shade(values(cell), image.data, 4 * cell);
    }
    context.putImageData(image, 0, 0);
    return canvas;
}
