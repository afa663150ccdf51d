/* The workstation. */

#include <stdio.h>

#include "board.h"

void print(const char *text) { fputs(text, stdout); }

int main(void) { return run() != 0; }
