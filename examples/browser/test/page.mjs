// Loads the page in a browser, and uses it.
// Usage: node page.mjs BROWSER FOLDER BY_HAND [PICTURES], with the output of the example `by_hand` in a file, and a folder for
// pictures of the page.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { argv, exit } from "node:process";

import { open, serve } from "./browser.mjs";

const [browser, folder, byHand, pictures] = argv.slice(2);

// What wasm may weigh without the embedded digits.
const LARGEST = 300 * 1024;

const tests = {
    async "the modules are small"() {
        const size = (name) => statSync(join(folder, `${name}.wasm`)).size;
        for (const name of ["plane", "plane-simd"]) {
            assert.ok(size(name) <= LARGEST, `${name}: ${size(name)} bytes`);
        }
        // 101,770 weights of four bytes are embedded.
        for (const name of ["digits", "digits-simd"]) {
            assert.ok(size(name) - 4 * 101_770 <= LARGEST, `${name}: ${size(name)} bytes`);
        }
        return `plane ${size("plane-simd")} bytes, digits ${size("digits-simd")} bytes`;
    },

    async "two moons are learned"(page) {
        await page.until("document.querySelector('#plane-status')?.textContent.startsWith('Step 0')", 30);
        await page.value("document.querySelector('#plane-play').click()");
        const seconds = await page.until("Number(document.body.dataset.accuracy) >= 0.98", 60);
        await page.until("Number(document.body.dataset.frames) > 0", 10);
        const steps = await page.value("document.body.dataset.steps");
        const frames = await page.value("document.body.dataset.frames");
        await page.value("document.querySelector('#plane-play').click()");
        return `98 % after ${seconds.toFixed(1)} s and ${steps} steps, ${frames} frames a second`;
    },

    async "the declaration and its costs are shown"(page) {
        const text = await page.value("document.querySelector('#plane-description').textContent");
        assert.match(text, /pub struct Deep: \[2\] -> \[1\] \{\n {8}hidden1: Dense\(8\),/);
        assert.match(text, /bytes of flash/);
        return text.trim().split("\n").at(-1);
    },

    async "every network, loss and optimizer trains"(page) {
        const choose = (name, value) => page.value(`(() => {
            const select = document.querySelector("#plane-controls [name=${name}]");
            select.value = "${value}";
            select.dispatchEvent(new Event("change", { bubbles: true }));
        })()`);
        for (const [name, values] of Object.entries({ network: [0, 1, 2, 4, 3], loss: [1, 0], optimizer: [0, 1, 2], data: [1, 2, 3, 0] })) {
            for (const value of values) {
                await choose(name, value);
                await page.until("document.body.dataset.steps === '0'", 10);
                await page.value("document.querySelector('#plane-one').click()");
                await page.until("document.body.dataset.steps === '1'", 10);
                assert.ok(Number.isFinite(Number(await page.value("document.body.dataset.accuracy"))), `${name} ${value}`);
            }
        }
    },

    async "points are drawn with the keyboard"(page) {
        await page.value(`(() => {
            const select = document.querySelector("#plane-controls [name=data]");
            select.value = "4";
            select.dispatchEvent(new Event("change", { bubbles: true }));
        })()`);
        await page.until("document.querySelector('#plane-status')?.textContent.startsWith('Draw')", 10);
        await page.value("document.querySelector('#plane-surface').focus()");
        for (const key of ["ArrowRight", "ArrowUp", "Enter"]) {
            await page.press(key, key, { ArrowRight: 39, ArrowUp: 38, Enter: 13 }[key]);
        }
        await page.until("document.querySelector('#plane-status')?.textContent.startsWith('Step 0')", 10);
    },

    async "the numbers of a step are those of by_hand"(page) {
        const text = readFileSync(byHand, "utf8");
        const next = "document.querySelector('#step-next').click()";
        const number = (name, column) =>
            page.value(`document.querySelector("#step-table tr[data-name=${name}]").children[${column}].textContent`);
        // Its lines: `z0 = … = 0.080000`, `h0 = … = 0.519989`; and `w00 dz0·x0 -0.116766 … 0.300000 0.358383 0.358383`.
        const computed = (name) => text.match(new RegExp(`^ *${name} +=.* = (-?[0-9.]+)$`, "m"))[1];
        await page.value(next);
        for (const name of ["z0", "z1", "h0", "h1", "y", "L"]) {
            assert.equal(await number(name, 2), computed(name), name);
        }
        await page.value(next);
        for (const [name, line] of [["y", "dy"], ["z0", "dz0"], ["z1", "dz1"]]) {
            assert.equal(await number(name, 3), computed(line), line);
        }
        const rows = text.split("\n").map((line) => line.trim().split(/ +/)).filter(([name]) => /^(?:[wbv][01]{1,2}|c)$/.test(name));
        assert.equal(rows.length, 9);
        for (const [name, , gradient] of rows) {
            assert.equal(await number(name, 3), gradient, name);
        }
        await page.value(next);
        for (const [name, , , , , , after] of rows) {
            assert.equal(await number(name, 2), after, `${name} after the step`);
        }
        await page.value("document.querySelector('#step-reset').click()");
        return `${6 + 3 + 2 * rows.length} numbers agree`;
    },

    async "a digit is read"(page) {
        await page.until("document.querySelector('#digits-status').textContent.includes('digits, a fifth')", 60);
        let right = [0, 0];
        for (let time = 0; time < 10; time += 1) {
            await page.value("delete document.body.dataset.label; document.querySelector('#digits-sample').click()");
            await page.until("document.body.dataset.label !== undefined", 10);
            const [label, float, int8] = await page.value(
                "(({ label, answer0, answer1 }) => [label, answer0, answer1])(document.body.dataset)",
            );
            right = [right[0] + (label === float), right[1] + (label === int8)];
        }
        assert.ok(right[0] >= 9 && right[1] >= 9, `of ten: ${right}`);
        return page.value("[...document.querySelectorAll('#digits-answers tfoot td')].map((cell) => cell.textContent).join(', ')");
    },

    async "a digit is drawn with the mouse and read"(page) {
        await page.value("document.querySelector('#digits-clear').click()");
        await page.value("document.querySelector('#digits-drawing').scrollIntoView()");
        const [left, top, side] = await page.value(`(() => {
            const { left, top, width } = document.querySelector("#digits-drawing").getBoundingClientRect();
            return [left, top, width];
        })()`);
        const mouse = (type, x, y) =>
            page.call("Input.dispatchMouseEvent", {
                type, x: left + x * side, y: top + y * side, button: "left", buttons: type === "mouseReleased" ? 0 : 1, clickCount: 1,
            });
        // A one.
        await mouse("mousePressed", 0.52, 0.2);
        for (let part = 1; part <= 12; part += 1) {
            await mouse("mouseMoved", 0.52 - 0.005 * part, 0.2 + 0.05 * part);
        }
        await mouse("mouseReleased", 0.46, 0.8);
        await page.until("document.body.dataset.answer0 === '1' && document.body.dataset.answer1 === '1'", 10);
    },

    async "a network learns digits in the page"(page) {
        await page.value("document.querySelector('#digits-learn').click()");
        await page.until("Number(document.body.dataset.learned) >= 0.9", 120);
        const seconds = await page.value("document.body.dataset.seconds");
        await page.value("document.querySelector('#digits-learn').click()");
        return `90 % after ${seconds} s`;
    },

    async "the page fits a phone"(page) {
        await page.size(360, 800);
        assert.ok((await page.value("document.documentElement.scrollWidth")) <= 360);
        await page.size(1200, 900);
    },

    async "every control has a name"(page) {
        const nameless = await page.value(`[...document.querySelectorAll("button, select, input, canvas, svg")]
            .filter((control) => !(control.textContent.trim() || control.labels?.length || control.getAttribute("aria-label")
                || control.getAttribute("aria-labelledby"))).map((control) => control.outerHTML)`);
        assert.deepEqual(nameless, []);
    },
};

const server = await serve(folder);
const page = await open(browser);
let failed = 0;
try {
    await page.size(1200, 900);
    await page.go(server.address);
    for (const [name, test] of Object.entries(tests)) {
        try {
            const result = await test(page);
            console.log(`${name}: ${result ?? "ok"}`);
        } catch (error) {
            failed += 1;
            console.error(`${name}: FAILED: ${error.message}`);
        }
    }
    if (pictures) {
        mkdirSync(pictures, { recursive: true });
        for (const [name, width, scheme] of [["wide", 1200, "light"], ["narrow", 360, "dark"]]) {
            await page.size(width, 900);
            await page.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
            await page.go(server.address);
            await page.until("document.querySelector('#plane-status')?.textContent.startsWith('Step 0')", 30);
            await page.value("document.querySelector('#plane-play').click()");
            await page.until("Number(document.body.dataset.steps) > 1500", 60);
            await page.value("document.querySelector('#plane-play').click()");
            await page.value("document.querySelector('#step-next').click(); document.querySelector('#step-next').click()");
            await page.until("document.querySelector('#digits-status').textContent.includes('digits, a fifth')", 60);
            await page.value("document.querySelector('#digits-sample').click()");
            await new Promise((resolve) => setTimeout(resolve, 500));
            const height = await page.value("document.documentElement.scrollHeight");
            await page.size(width, height);
            await page.picture(join(pictures, `${name}.png`));
        }
    }
    if (page.errors.length > 0) {
        failed += 1;
        console.error(`errors in the page:\n${page.errors.join("\n")}`);
    }
} finally {
    page.end();
    server.end();
}
exit(failed > 0 ? 1 : 0);
