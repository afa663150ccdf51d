import { plane } from "./plane.js";
import { step } from "./step.js";
import { digits } from "./digits.js";

const parts = { plane, step, digits };

// In a frame of the book, only the part that is asked for.
const asked = new URLSearchParams(location.search).get("only");
const only = Object.hasOwn(parts, asked) ? asked : null;
if (only) {
    document.querySelector("header").hidden = true;
    document.querySelectorAll("main > section").forEach((section) => {
        section.hidden = section.id !== only;
    });
}

for (const [name, start] of Object.entries(parts)) {
    if (!only || only === name) {
        start().catch((error) => {
            document.querySelector(`#${name}-status`).textContent = `This part doesn't work: ${error.message}`;
        });
    }
}
