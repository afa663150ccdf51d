/* A file of weights. */
    .section .rodata
    .balign 4
    .global weights_file, weights_file_end
weights_file:
    .incbin "../firmware/weights/flowers.safetensors"
weights_file_end:

    .section .note.GNU-stack, "", %progbits
