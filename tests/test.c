#include "test.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

static struct par world;
static char dir[256];
static int skips;

const struct par *test_par(void)
{
    return &world;
}

struct par test_nodes(int most)
{
    struct par P;
    char text[16];

    snprintf(text, sizeof text, "%d", most);
    setenv("CALOQ_NODE", text, 1);
    par_split(&P, &world, 0);
    unsetenv("CALOQ_NODE");
    return P;
}

const char *test_dir(void)
{
    return dir;
}

const char *test_path(const char *name)
{
    static char ring[8][512];
    static int next;
    char *path = ring[next++ % 8];

    snprintf(path, sizeof ring[0], "%s/%s", dir, name);
    return path;
}

const char *test_shared(const char *name)
{
    static char path[512];
    const char *root = getenv("CALOQ_SHARED");

    snprintf(path, sizeof path, "%s/%s", root != NULL ? root : "../shared", name);
    return access(path, R_OK) == 0 ? path : NULL;
}

void test_skip(const char *reason)
{
    skips++;
    if (world.rank == 0) printf("SKIP %s\n", reason);
    skip();
}

int test_agree(int ok)
{
    return par_sum_one(&world, !ok) == 0;
}

void test_near(double a, double b, double tolerance, const char *what, const char *file, int line)
{
    if (fabs(a - b) <= tolerance) return;
    print_error("%s = %.17g, expected %.17g within %g (off by %g)\n", what, a, b, tolerance, a - b);
    _fail(file, line);
}

/* The log of a rank that failed, for rank 0 to show. */
static void log_name(char *text, size_t n, int rank)
{
    snprintf(text, n, "%s/rank%d.log", dir, rank);
}

static void show_log(int rank)
{
    char name[300], line[512];

    log_name(name, sizeof name, rank);
    FILE *f = fopen(name, "r");
    if (f == NULL) return;
    while (fgets(line, sizeof line, f) != NULL) fprintf(stderr, "[rank %d] %s", rank, line);
    fclose(f);
}

static void remove_dir(void)
{
    char command[400];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command) != 0) fprintf(stderr, "cannot remove %s\n", dir);
}

int test_main(const char *file, const struct CMUnitTest *tests, size_t n, int *argc, char ***argv)
{
    int64_t failed[64] = { 0 }, total = 0;

    par_init(&world, argc, argv);
    if (world.rank == 0) {
        const char *root = getenv("TMPDIR");
        snprintf(dir, sizeof dir, "%s/caloq-test-XXXXXX", root != NULL ? root : "/tmp");
        if (mkdtemp(dir) == NULL) die("cannot make %s", dir);
    }
    par_bcast(&world, dir, sizeof dir, 0);
    if (world.rank > 0) {
        char name[300];
        log_name(name, sizeof name, world.rank);
        if (freopen(name, "w", stdout) == NULL || dup2(1, 2) < 0) die("cannot write %s", name);
        setvbuf(stdout, NULL, _IOLBF, 0);
    }
    int64_t before = mem_blocks();
    failed[world.rank] = _cmocka_run_group_tests(file, tests, n, NULL, NULL);
    if (failed[world.rank] == 0 && mem_blocks() != before) {
        fprintf(stderr, "%s: %lld blocks of memory were not freed\n", file,
                (long long)(mem_blocks() - before));
        failed[world.rank] = 1;
    }
    fflush(stdout);
    par_sum_int(&world, failed, 64);
    for (int r = 0; r < world.size && r < 64; r++) {
        total = failed[r] > total ? failed[r] : total;
        if (world.rank == 0 && r > 0 && failed[r] > 0) show_log(r);
    }
    if (world.rank == 0) {
        printf("TEST %s ranks=%d: %lld passed, %lld failed, %d skipped\n", file, world.size,
               (long long)n - (long long)total - skips, (long long)total, skips);
        remove_dir();
    }
    par_barrier(&world);
    par_free(&world);
    return total > 0;
}
