/**
 * Makes glibc give back the large buffers of a model's load, which each thread would else keep: half of an extra worker's memory. It keeps
 * 2 MiB all the same: with the first alone it gives back the memory of each request's body, and has 200 pages cleared for the next.
 * The images set the same.
 */
export const allocator = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '2097152' };
