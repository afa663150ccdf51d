/* QEMU's board mps2-an386 with a Cortex-M4F: vectors, start, and text by semihosting. Without a C library. */

#include <stdint.h>

#include "board.h"

extern uint32_t stack_end, data_start, data_end, data_image, bss_start, bss_end;

static int semihosting(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void print(const char *text) { semihosting(0x04, text); }

static void end(int success) {
    /* ADP_Stopped_ApplicationExit, or any other reason. */
    semihosting(0x18, (const void *)(success ? 0x20026 : 0x20023));
    for (;;) {}
}

static void fault(void) {
    print("a fault\n");
    end(0);
}

static void start(void) {
    /* The floating-point unit. */
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20;
    __asm__ volatile("dsb\nisb");
    for (uint32_t *to = &data_start, *from = &data_image; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    end(run() == 0);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    &stack_end, (void *)start, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
};
