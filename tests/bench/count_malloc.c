/*
 * Counts a program's heap allocations, for LD_PRELOAD. The count is kept in a file that both sides map, so reading it
 * disturbs nobody. The program must be linked dynamically to glibc; then Rust's System allocator comes by here too.
 *
 *     COUNT_MALLOC=FILE LD_PRELOAD=libcount_malloc.so PROGRAM
 *
 * FILE starts with one native 64-bit number: calls of malloc, calloc, realloc and their aligned kin so far.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t before_map;	/* what is allocated before the file is mapped counts as well */
static _Atomic uint64_t *count = &before_map;

__attribute__((constructor)) static void map_count(void)
{
	const char *path = getenv("COUNT_MALLOC");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
	if (fd < 0 || ftruncate(fd, sizeof *count) < 0)
		_exit(127);
	void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		_exit(127);
	count = page;
	*count += before_map;
}

void *malloc(size_t n)
{
	++*count;
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	++*count;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	++*count;
	return __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
	++*count;
	return __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
	void *q = memalign(align, n);
	if (!q)
		return ENOMEM;
	*p = q;
	return 0;
}
