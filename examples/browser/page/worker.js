// Questions to a worker: each returns a promise of its answer.

export function connect(file) {
    const worker = new Worker(file, { type: "module" });
    const waiting = new Map();
    let last = 0;
    worker.onmessage = ({ data }) => {
        const { resolve, reject } = waiting.get(data.id);
        waiting.delete(data.id);
        if (data.error) {
            reject(new Error(data.error));
        } else {
            resolve(data);
        }
    };
    // It doesn't load, or can't be compiled: nothing will be answered.
    worker.onerror = ({ message }) => {
        waiting.forEach(({ reject }) => reject(new Error(message || `${file} doesn't load`)));
        waiting.clear();
    };
    return (type, content = {}) =>
        new Promise((resolve, reject) => {
            last += 1;
            waiting.set(last, { resolve, reject });
            worker.postMessage({ id: last, type, ...content });
        });
}
