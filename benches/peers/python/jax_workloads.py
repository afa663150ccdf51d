"""The workloads in JAX in its fastest form: many steps in one compiled `lax.scan`, which iterates over the data in order."""

import os

from windows import THREADS, calls_per_second, run

if THREADS == 1:
    # XLA starts one thread per processor that the process may run on.
    os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:1]))

import jax
import jax.numpy as jnp
from jax import lax

KEY = jax.random.PRNGKey(1)


def weights(*sizes):
    return [
        (jax.random.normal(KEY, (inputs, outputs)) / inputs**0.5, jnp.zeros(outputs))
        for inputs, outputs in zip(sizes, sizes[1:])
    ]


def dense(activation):
    def forward(layers, x):
        for weight, bias in layers[:-1]:
            x = activation(x @ weight + bias)
        weight, bias = layers[-1]
        return x @ weight + bias

    return forward


def le_net_weights():
    filters = lambda count, channels: (jax.random.normal(KEY, (count, channels, 5, 5)) / 5, jnp.zeros(count))
    return [filters(6, 1), filters(16, 6)], weights(256, 120, 84, 10)


def le_net(layers, x):
    convolutions, rest = layers
    for weight, bias in convolutions:
        x = lax.conv(x, weight, (1, 1), "VALID") + bias[None, :, None, None]
        x = lax.reduce_window(jax.nn.relu(x), -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return dense(jax.nn.relu)(rest, x.reshape(x.shape[0], -1))


def cross_entropy(outputs, targets):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs), targets[:, None], axis=1))


def squares(outputs, targets):
    return jnp.mean((jax.nn.sigmoid(outputs) - targets) ** 2)


def sgd(weights, gradient, state):
    return jax.tree.map(lambda w, g: w - 0.1 * g, weights, gradient), state


def adam(weights, gradient, state):
    count, mean, square = state
    count += 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
    correct = lambda values, rate: values / (1 - rate**count)
    move = lambda w, m, v: w - 1e-3 * correct(m, 0.9) / (jnp.sqrt(correct(v, 0.999)) + 1e-8)
    return jax.tree.map(move, weights, mean, square), (count, mean, square)


def steps(forward, layers, loss, update, inputs, targets):
    """Steps per second. The first dimension of inputs and targets is the mini-batch."""
    zeros = jax.tree.map(jnp.zeros_like, layers)
    state = (jnp.zeros(()), zeros, zeros) if update is adam else ()

    @jax.jit
    def scan(carried, inputs, targets):
        def step(carried, batch):
            (layers, state), (inputs, targets) = carried, batch
            gradient = jax.grad(lambda layers: loss(forward(layers, inputs), targets))(layers)
            return update(layers, gradient, state), None

        return lax.scan(step, carried, (inputs, targets))[0]

    carried = [(layers, state)]

    def call():
        carried[0] = jax.block_until_ready(scan(carried[0], inputs, targets))

    call()
    return len(inputs) * calls_per_second(call)


def train(forward, layers, update, samples, batch, *shape):
    """Samples per second."""
    inputs = jax.random.uniform(KEY, (samples // batch, batch, *shape))
    classes = jnp.arange(samples).reshape(-1, batch) % 10
    return batch * steps(forward, layers, cross_entropy, update, inputs, classes)


def inference(forward, layers, *shape):
    inputs, compiled = jax.random.uniform(KEY, shape), jax.jit(forward)
    jax.block_until_ready(compiled(layers, inputs))
    return calls_per_second(lambda: jax.block_until_ready(compiled(layers, inputs)))


def xor():
    inputs, targets = jax.random.uniform(KEY, (100, 4, 2)), jax.random.uniform(KEY, (100, 4, 1))
    return steps(dense(jnp.tanh), weights(2, 8, 1), squares, sgd, inputs, targets)


run({
    "W1": lambda: train(dense(jax.nn.relu), weights(784, 128, 10), sgd, 16_384, 64, 784),
    "W2": lambda: train(dense(jax.nn.relu), weights(784, 512, 256, 10), adam, 8192, 128, 784),
    "W3": xor,
    "W4a": lambda: inference(dense(jax.nn.relu), weights(784, 128, 10), 1, 784),
    "W4b": lambda: inference(dense(jax.nn.relu), weights(4, 16, 16, 3), 1, 4),
    "W4c": lambda: inference(dense(jnp.tanh), weights(2, 8, 1), 1, 2),
    "W5": lambda: 256 * inference(dense(jax.nn.relu), weights(784, 128, 10), 256, 784),
    "W6": lambda: train(le_net, le_net_weights(), sgd, 2048, 64, 1, 28, 28),
    "W6i": lambda: inference(le_net, le_net_weights(), 1, 1, 28, 28),
})
