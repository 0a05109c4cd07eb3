/*
 * commands.h - the subcommands. Each is collective, returns RUN_DONE, RUN_STOPPED, or -1 with one
 * sentence that all ranks share, and fills r->result.
 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include "cmd/run.h"

enum { COMMAND_SECTIONS = 8 };

struct command {
    const char *name;
    int (*act)(struct run *r, struct err *e); /* NULL: named in the plan, not built yet */
    const char *help;                         /* one line */
    const char *sections[COMMAND_SECTIONS];   /* of the config, NULL at the end */
};

int cmd_synth(struct run *r, struct err *e);
int cmd_train(struct run *r, struct err *e);
int cmd_encode(struct run *r, struct err *e);
int cmd_generate(struct run *r, struct err *e);
int cmd_logz(struct run *r, struct err *e);
int cmd_evaluate(struct run *r, struct err *e);
int cmd_anneal(struct run *r, struct err *e);
int cmd_bench(struct run *r, struct err *e);
int cmd_convert(struct run *r, struct err *e);
int cmd_info(struct run *r, struct err *e);
int cmd_export(struct run *r, struct err *e);
int cmd_import(struct run *r, struct err *e);

#endif
