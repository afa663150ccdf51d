/* What a board gives the program: a place for text. It calls `run`, and ends with its result. */

#ifndef BOARD_H
#define BOARD_H

void print(const char *text);

int run(void);

#endif
