import { plane } from "./plane.js";
import { step } from "./step.js";
import { digits } from "./digits.js";

// In a frame of the book, only the part that is asked for.
const part = new URLSearchParams(location.search).get("only");
if (part) {
    document.querySelector("header").hidden = true;
    document.querySelectorAll("main > section").forEach((section) => {
        section.hidden = section.id !== part;
    });
}

for (const [name, start] of Object.entries({ plane, step, digits })) {
    if (!part || part === name) {
        start().catch((error) => {
            document.querySelector(`#${name}-status`).textContent = `This part doesn't work: ${error.message}`;
        });
    }
}
