// Trains networks on points, away from the page. Each message is answered by one.

import { load } from "./module.js";

const SIDE = 40;
const REACH = 1.5;
// What the page leaves for training in a frame of 16 ms.
const BUDGET = 8;

const loading = load("plane");

const answers = {
    start(plane, { settings }) {
        const { data, network, loss, optimizer, rate, batch, seed } = settings;
        plane.plane_start(data, network, loss, optimizer, rate, batch, seed);
        return {
            description: plane.readText(plane.plane_description()),
            units: plane.read(plane.plane_units()),
            vectors: plane.vectors,
            ...state(plane),
        };
    },
    add(plane, { x, y, colour }) {
        plane.plane_add(x, y, colour);
        return state(plane);
    },
    // Take steps, as many as asked for, or as many as there is time for if that is 0.
    steps(plane, { count }) {
        if (count > 0) {
            plane.plane_steps(count);
        } else {
            for (const end = performance.now() + BUDGET; performance.now() < end;) {
                plane.plane_steps(20);
            }
        }
        return state(plane);
    },
};

function state(plane) {
    return {
        side: SIDE,
        reach: REACH,
        points: plane.read(plane.plane_points()),
        progress: plane.read(plane.plane_progress()),
        surface: plane.read(plane.plane_surface(SIDE, REACH)),
        weights: plane.read(plane.plane_weights()),
    };
}

onmessage = async ({ data }) => {
    try {
        postMessage({ id: data.id, ...answers[data.type](await loading, data) });
    } catch (error) {
        postMessage({ id: data.id, error: String(error) });
    }
};
