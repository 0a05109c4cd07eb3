/*
 * datasheet.h - what the kinetic device knows of a QPU: configs/devices/NAME.yaml.
 *
 * Fields and couplings, and temperatures where nothing else is said, are in units of h, J of the
 * programmed problem; A and B over Planck's constant in GHz; flux in flux quanta.
 */
#ifndef QPU_DATASHEET_H
#define QPU_DATASHEET_H

#include "base/err.h"
#include "base/json.h"

enum { DATASHEET_NAME = 64 };

/* Sources of noise that can be switched alone (anneal.noise). */
enum datasheet_noise {
    NOISE_HEAT = 1 << 0,           /* programming warms the chip */
    NOISE_ICE = 1 << 1,            /* static errors of h and J, new in each programming */
    NOISE_SCALE = 1 << 2,          /* spread of the scales of h, fixed */
    NOISE_DAC = 1 << 3,            /* quantisation of h and J */
    NOISE_FLUX = 1 << 4,           /* 1/f flux noise */
    NOISE_DRIFT = 1 << 5,          /* of the flux since its last correction */
    NOISE_SUSCEPTIBILITY = 1 << 6, /* h_i += chi sum_j J_ij h_j */
    NOISE_READOUT = 1 << 7,        /* a wrong bit in a read */
    NOISE_BATH = 1 << 8,           /* memory of a read in the next one */
    NOISE_FAILURE = 1 << 9,        /* a qubit that was not programmed */
    NOISE_ALL = (1 << 10) - 1
};

struct datasheet {
    char name[DATASHEET_NAME];
    char topology[DATASHEET_NAME]; /* "pegasus", "zephyr" or "chimera" */
    char size[DATASHEET_NAME];     /* as rbm/chip.h takes it */
    int points;                    /* of the schedule */
    double (*schedule)[3];         /* [points] s, A, B; s rises from 0 to 1; owned */
    /* freezeout: of single qubits, after an anneal of anneal_time us */
    double s, temperature, anneal_time;
    double inductance; /* M_AFM, pH */
    double resolution; /* see qpu/freezeout.h */
    double line_width; /* of a flip in units of J, see qpu/onchip.h; 0: infinite */
    /* heat: mK, mK a programming, mK more with flux biases, s, s between problems */
    double base, programming, biases, decay, idle;
    /* noise */
    double h_mean, h_sigma, J_sigma, h_scale;
    double dac_h[3], dac_J[3];       /* half a step at x: d0 + d1 x + d2 x^2 */
    double flux_rms, flux_slowest;   /* its slowest component, s */
    double drift, drift_period;      /* an hour; s between corrections */
    double susceptibility;           /* chi */
    double readout;                  /* probability of a wrong bit in a read */
    double bath_strength, bath_time; /* h a read after 20 us; us */
    double failure;                  /* probability of a programming */
    struct json *properties;         /* as a solver tells them; owned */
};

/* text: the file; one sentence "file:line: ..." when it is not as it should be. s must be freed in
 * any case. */
int datasheet_read(struct datasheet *s, const char *text, const char *file, struct err *e);
void datasheet_free(struct datasheet *s); /* accepts { 0 } */

/* A(s) and B(s): log A and B between two points are straight. */
double datasheet_A(const struct datasheet *s, double at);
double datasheet_B(const struct datasheet *s, double at);

/* Flux quanta that act at freeze-out as a field of -1:
 *   (B / 2) / (I_p Phi_0),  I_p = sqrt(B / 2 M_AFM),  B at s of single qubits */
double datasheet_flux_per_h(const struct datasheet *s);

/* "all", "none" or a list of words of the enum in small letters; -1 and a sentence for another. */
int datasheet_noise(unsigned *mask, const char *word, struct err *e);

#endif
