/*
 * main.c - caloq COMMAND CONFIG.yaml [section.key=value ...]
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/signal.h"
#include "cmd/commands.h"
#include "cmd/keys.h"
#include "cmd/version.h"
#include "cmd/zquality.h"
#include "num/blas.h"
#include "num/dnn.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* In the order in which one uses them. */
static const struct command commands[] = {
    { "synth", cmd_synth, "write synthetic CaloChallenge showers", { "run", "synth" } },
    { "train",
      cmd_train,
      "train the autoencoder and the Boltzmann machine",
      { "run", "data", "model", "rbm", "training", "anneal" } },
    { "encode", cmd_encode, "showers -> latent bits", { "run", "data", "encode" } },
    { "generate", cmd_generate, "draw showers from a model", { "run", "generate" } },
    { "logz", cmd_logz, "estimate ln Z of a Boltzmann machine", { "run", "logz" } },
    { "evaluate", cmd_evaluate, "compare generated with reference showers", { "run", "evaluate" } },
    { "anneal", cmd_anneal, "draw from an annealer", { "run", "anneal" } },
    { "study", NULL, "diagnostics of a Boltzmann machine or a run", { NULL } },
    { "bench", cmd_bench, "measure the program's own kernels", { "run", "bench" } },
    { "info", cmd_info, "say what a file or a topology holds", { "run", "info", "rbm" } },
    { "convert", cmd_convert, "Boltzmann machines between file layouts", { "run", "convert" } },
    { "export", cmd_export, "a model's parameters to plain HDF5", { "run", "export" } },
    { "import",
      cmd_import,
      "a model from parameters in plain HDF5",
      { "run", "data", "model", "rbm", "import" } },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

static void usage(FILE *out)
{
    const char *row = "  %-10s %s%s\n";

    fprintf(out, "caloq COMMAND [CONFIG.yaml] [section.key=value ...]\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, row, commands[i].name, commands[i].help,
                commands[i].act != NULL ? "" : " (not built yet)");
    fprintf(out, row, "help", "help COMMAND lists every key: type, unit, range, default", "");
    fprintf(out, row, "--version", "version, commit, libraries, kernels", "");
    fprintf(out, "\nRun it alone or as mpirun -n N caloq ...; the last line on stdout is the "
                 "result.\nExit status: 0 done, 1 bad input, 2 usage, 75 stopped after a "
                 "checkpoint (run it again to go on).\n");
}

/* Say why a command cannot act; the exit status is "usage". */
static int refuse(const char *name)
{
    fprintf(stderr, "caloq: %s: %s\n", name,
            find(name) == NULL ? "no such command; see caloq help"
                               : "this command is not built yet");
    return RUN_USAGE;
}

static int help(const char *name)
{
    int n, sections = 0;
    const struct conf_key *keys = keys_table(&n);
    const struct command *c = name != NULL ? find(name) : NULL;

    if (name == NULL) {
        usage(stdout);
        return RUN_DONE;
    }
    if (c == NULL || c->act == NULL) return refuse(name);
    while (sections < COMMAND_SECTIONS && c->sections[sections] != NULL) sections++;
    printf("caloq %s CONFIG.yaml [section.key=value ...]: %s\n\n", c->name, c->help);
    conf_help(stdout, keys, n, c->sections, sections);
    if (strcmp(name, "logz") == 0) zquality_help(stdout);
    return RUN_DONE;
}

/* What needs no config. Returns an exit status, or -1 when there is a command to act. */
static int at_once(int speaks, int argc, char **argv)
{
    if (argc < 2) {
        if (speaks) usage(stderr);
        return RUN_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        if (speaks) version_print(stdout);
        return RUN_DONE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return speaks ? help(argc > 2 ? argv[2] : NULL) : RUN_DONE;
    const struct command *c = find(argv[1]);
    if (c != NULL && c->act != NULL) return -1;
    return speaks ? refuse(argv[1]) : RUN_USAGE;
}

static int ends_in(const char *text, const char *tail)
{
    size_t n = strlen(text), m = strlen(tail);

    return n >= m && strcmp(text + n - m, tail) == 0;
}

static int act(const struct par *P, int argc, char **argv, double start)
{
    const struct command *c = find(argv[1]);
    const char *config = argc > 2 && strchr(argv[2], '=') == NULL ? argv[2] : NULL;
    int first = config != NULL ? 3 : 2, status = RUN_FAILED;
    char *look = NULL;
    struct err e = { "" };
    struct run r;

    if (c->act == cmd_info && config != NULL &&
        !ends_in(config, ".yaml")) { /* caloq info FILE.h5 */
        look = mem_print("info.file=%s", config);
        argv[2] = look;
        config = NULL;
        first = 2;
    }
    blas_init(1);
    dnn_init(1);
    if (run_open(&r, P, c->name, config, argv + first, argc - first, start, &e) == 0) {
        if (blas_core_slow())
            log_warn(&r.log,
                     "OpenBLAS runs its %s kernels on a CPU with AVX-512: unset "
                     "OPENBLAS_CORETYPE, or take a newer OpenBLAS",
                     blas_core());
        status = c->act(&r, &e);
        if (status == RUN_DONE && run_finish(&r, &e)) status = RUN_FAILED;
        if (status < 0) status = RUN_FAILED;
    }
    if (err_is(&e)) log_say(&r.log, "caloq: %s", e.text);
    run_free(&r);
    mem_free(look);
    return status;
}

/* Where 0, 1 or 2 is closed, the next file would take that number, and what is printed. */
static void open_standard(void)
{
    int fd = 0;

    while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv)
{
    double start = clock_now();
    struct par P;

    open_standard();
    par_init(&P, &argc, &argv);
    signal_watch();
    int status = at_once(P.rank == 0, argc, argv);
    if (status < 0) status = act(&P, argc, argv, start);
    par_free(&P);
    if (mem_blocks() != 0 && status != RUN_FAILED) {
        fprintf(stderr, "caloq: bug: %lld blocks of memory were not freed\n",
                (long long)mem_blocks());
        status = RUN_FAILED;
    }
    return status;
}
