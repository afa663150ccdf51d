/* Classifies, learns and loads weights: the same program on the host and on the chip. */

#include "board.h"
#include "flowers.h"

/* Stands for a file that came over the air: weights.S. */
extern const uint8_t weights_file[], weights_file_end[];

static struct FlowersLearner learner;

/* The mean flower of each class. */
static const float FLOWERS[FLOWERS_CLASSES][FLOWERS_INPUTS] = {
    {-1.0f, 1.0f, -1.3f, -1.3f},
    {0.1f, -0.7f, 0.3f, 0.2f},
    {0.9f, 0.0f, 1.0f, 1.1f},
};

static size_t learned_class(const float *measurements) {
    float scores[FLOWERS_CLASSES];
    flowers_scores(&learner, measurements, scores);
    size_t best = 0;
    for (size_t class = 1; class < FLOWERS_CLASSES; class++) {
        if (scores[class] > scores[best]) best = class;
    }
    return best;
}

/* How many of the flowers are classified correctly. */
static size_t correct(size_t (*class_of)(const float *)) {
    size_t count = 0;
    for (size_t class = 0; class < FLOWERS_CLASSES; class++) count += class_of(FLOWERS[class]) == class;
    return count;
}

static int failures;

static void check(int holds, const char *what) {
    print(what);
    print(holds ? ": ok\n" : ": FAILED\n");
    failures += !holds;
}

int run(void) {
    check(correct(flowers_class) == FLOWERS_CLASSES, "the trained network in int8 classifies");

    flowers_start(&learner, 1);
    float first = 0, last = 0;
    for (size_t step = 0; step < 300; step++) {
        size_t class = step % FLOWERS_CLASSES;
        last = flowers_learn(&learner, FLOWERS[class], class);
        if (step == 0) first = last;
    }
    check(last < first && last < 0.05f, "it learns, one flower at a time");
    check(correct(learned_class) == FLOWERS_CLASSES, "what it has learned classifies");

    size_t length = (size_t)(weights_file_end - weights_file);
    flowers_start(&learner, 2);
    check(flowers_load(&learner, weights_file, length - 1) == FLOWERS_STATUS_WRONG_FILE, "a file without its end is refused");
    check(flowers_load(&learner, weights_file, length) == FLOWERS_STATUS_LOADED, "a whole file is loaded");
    check(correct(learned_class) == FLOWERS_CLASSES, "the weights of the file classify");
    return failures;
}
