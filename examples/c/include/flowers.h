/* A network that classifies flowers, and learns to. Generated from src/lib.rs by ./header.sh. */

#ifndef FLOWERS_H
#define FLOWERS_H

#include <stddef.h>
#include <stdint.h>

/**
 * The number of measurements.
 */
#define FLOWERS_INPUTS 4

/**
 * The number of classes.
 */
#define FLOWERS_CLASSES 3

/**
 * The number of words that a learner takes.
 */
#define FLOWERS_LEARNER_WORDS 1152

/**
 * What became of a file of weights.
 */
enum FlowersStatus {
  /**
   * The weights are the file's.
   */
  FLOWERS_STATUS_LOADED = 0,
  /**
   * It isn't a file of this network's weights, and the weights are what they were.
   */
  FLOWERS_STATUS_WRONG_FILE = 1,
};

/**
 * A network that learns, with all the memory that it needs for it. It may lie in a static, on the stack or on the heap; zeros are
 * a valid one.
 */
struct FlowersLearner {
  float words[FLOWERS_LEARNER_WORDS];
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The most likely class of four measurements, by the trained network.
 *
 * # Safety
 * `measurements` points to FLOWERS_INPUTS numbers.
 */
size_t flowers_class(const float *measurements);

/**
 * Start to learn from the initial weights of a seed.
 *
 * # Safety
 * `learner` points to a learner.
 */
void flowers_start(struct FlowersLearner *learner, uint64_t seed);

/**
 * Learn from one flower: a step of gradient descent with momentum. Returns the loss before it.
 *
 * # Safety
 * `learner` points to a learner, and `measurements` to FLOWERS_INPUTS numbers.
 */
float flowers_learn(struct FlowersLearner *learner, const float *measurements, size_t class_);

/**
 * Write the scores of the classes, by what has been learned.
 *
 * # Safety
 * `learner` points to a learner, `measurements` to FLOWERS_INPUTS numbers, and `scores` to room for FLOWERS_CLASSES.
 */
void flowers_scores(struct FlowersLearner *learner, const float *measurements, float *scores);

/**
 * Replace the weights by those in a safetensors file, for example after an update over the air.
 *
 * # Safety
 * `learner` points to a learner, and `file` to `length` bytes.
 */
enum FlowersStatus flowers_load(struct FlowersLearner *learner, const uint8_t *file, size_t length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* FLOWERS_H */
