#include "cmd/commands.h"
#include "cmd/devicebench.h"
#include "cmd/evalbench.h"
#include "cmd/gibbsbench.h"
#include "cmd/iobench.h"
#include "cmd/kernbench.h"
#include "cmd/racebench.h"
#include "cmd/scalebench.h"
#include "cmd/sumbench.h"
#include "cmd/trainbench.h"
#include "cmd/zbench.h"
#include "num/blas.h"
#include "num/kern.h"

/* choices of bench.what */
enum { ALL, GIBBS, COUNTS, LOGZ, TRAIN, IO, DEVICE, RACE, EVALUATE };

int cmd_bench(struct run *r, struct err *e)
{
    int what = conf_choice(r->conf, "bench.what"), bad = 0;
    double seconds = conf_real(r->conf, "bench.seconds");
    struct json *list = json_list();

    log_say(&r->log, "BLAS core %s, kernels %s, %d ranks; figures are per rank", blas_core(),
            kern_best()->name, r->P->size);
    if (what == ALL || what == GIBBS) gibbsbench(r, list, seconds);
    if (what == ALL || what == GIBBS) scalebench_gibbs(r, list, seconds);
    if (what == ALL || what == COUNTS) kernbench_counts(r, list, seconds);
    if (what == ALL || what == LOGZ) zbench_logz(r, list, seconds);
    if (what == ALL || what == LOGZ) kernbench_exact(r, list, seconds);
    if (what == ALL || what == TRAIN) sumbench(r, list, seconds);
    if (what == ALL || what == TRAIN) bad = trainbench(r, list, seconds, e);
    if (!bad && (what == ALL || what == RACE)) bad = racebench(r, list, e);
    if (!bad && (what == ALL || what == IO)) bad = iobench(r, list, seconds, e);
    if (!bad && (what == ALL || what == EVALUATE)) bad = evalbench(r, list, seconds, e);
    if (!bad && (what == ALL || what == DEVICE)) bad = devicebench(r, list, seconds, e);
    json_put_text(r->result, "command", "bench");
    json_put_text(r->result, "blas_core", blas_core());
    json_put(r->result, "figures", list);
    return bad ? -1 : RUN_DONE;
}
