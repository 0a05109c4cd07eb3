#include "base/signal.h"

#include <signal.h>
#include <stddef.h>

/* A handler has no other way to speak. */
static volatile sig_atomic_t came;

static void note(int number)
{
    if (came == 0) came = number;
}

void signal_watch(void)
{
    static const int watched[] = { SIGUSR1, SIGTERM, SIGINT, SIGXCPU };
    struct sigaction flag = { .sa_handler = note, .sa_flags = SA_RESTART };
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    sigemptyset(&flag.sa_mask);
    sigemptyset(&ignore.sa_mask);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        sigaction(watched[i], &flag, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL);
}

int signal_came(void)
{
    return came;
}

const char *signal_name(int number)
{
    switch (number) {
    case SIGUSR1:
        return "SIGUSR1";
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    case SIGXCPU:
        return "SIGXCPU";
    default:
        return "another signal";
    }
}
