// A browser without a window, steered through its debugging protocol, and a server of files.

import { spawn } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

// Serve a folder; resolves to its address and a function that ends it.
export function serve(folder) {
    const server = createServer(({ url }, response) => {
        const path = normalize(new URL(url, "http://localhost").pathname);
        const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
        if (!existsSync(file) || !statSync(file).isFile()) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
        createReadStream(file).pipe(response);
    });
    return new Promise((resolve) => {
        server.listen(0, "127.0.0.1", () => {
            resolve({ address: `http://127.0.0.1:${server.address().port}/`, end: () => server.close() });
        });
    });
}

// Start a browser with one page.
export async function open(command) {
    const profile = mkdtempSync(join(tmpdir(), "page-"));
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
    const browser = spawn(command, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const [, , , input, output] = browser.stdio;
    const waiting = new Map();
    const errors = [];
    let [last, rest] = [0, ""];
    output.setEncoding("utf8").on("data", (text) => {
        const messages = (rest + text).split("\0");
        rest = messages.pop();
        for (const { id, result, error, method, params } of messages.map((message) => JSON.parse(message))) {
            if (id) {
                const { resolve, reject } = waiting.get(id);
                waiting.delete(id);
                error ? reject(new Error(error.message)) : resolve(result);
            } else if (method === "Runtime.exceptionThrown") {
                errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
            } else if (method === "Log.entryAdded" && params.entry.level === "error") {
                errors.push(params.entry.text);
            }
        }
    });
    const send = (method, params = {}, sessionId = undefined) =>
        new Promise((resolve, reject) => {
            last += 1;
            waiting.set(last, { resolve, reject });
            input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
        });
    const { targetInfos } = await send("Target.getTargets");
    const { targetId } = targetInfos.find(({ type }) => type === "page");
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const call = (method, params) => send(method, params, sessionId);
    await Promise.all(["Runtime.enable", "Page.enable", "Log.enable"].map((method) => call(method)));

    const page = {
        errors,
        call,
        go: (url) => call("Page.navigate", { url }),
        size: (width, height) =>
            call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 }),
        // The value of an expression, which may be a promise.
        async value(expression) {
            const { result, exceptionDetails } = await call("Runtime.evaluate", {
                expression, awaitPromise: true, returnByValue: true,
            });
            if (exceptionDetails) {
                throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
            }
            return result.value;
        },
        // Wait until an expression is true; returns the seconds that it took.
        async until(expression, seconds) {
            const begun = performance.now();
            while (!(await page.value(expression))) {
                if (performance.now() - begun > 1000 * seconds) {
                    throw new Error(`after ${seconds} s still not: ${expression}\n${errors.join("\n")}`);
                }
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
            return (performance.now() - begun) / 1000;
        },
        async press(key, code, number) {
            const event = { key, code, windowsVirtualKeyCode: number, text: key.length === 1 ? key : undefined };
            await call("Input.dispatchKeyEvent", { type: "keyDown", ...event });
            await call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
        },
        async picture(file) {
            const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
            writeFileSync(file, Buffer.from(data, "base64"));
        },
        end() {
            browser.once("exit", () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
            browser.kill();
        },
    };
    return page;
}
