#include "num/pcg.h"

/* 128-bit unsigned words: both compilers have them, ISO C does not name them. */
struct wide {
    __extension__ unsigned __int128 x;
};

enum { POOL = 4, SHIFT = 16 };

static struct wide join(const uint64_t half[2])
{
    struct wide w = { half[0] };
    w.x = w.x << 64 | half[1];
    return w;
}

static void split(uint64_t half[2], struct wide w)
{
    half[0] = (uint64_t)(w.x >> 64);
    half[1] = (uint64_t)w.x;
}

static void advance(struct pcg *g)
{
    static const uint64_t multiplier[2] = { 0x2360ED051FC65DA4, 0x4385DF649FCCF645 };
    struct wide s = join(g->state);
    s.x = s.x * join(multiplier).x + join(g->step).x;
    split(g->state, s);
}

static uint32_t hash(uint32_t x, uint32_t *constant, uint32_t multiplier)
{
    x ^= *constant;
    *constant *= multiplier;
    x *= *constant;
    return x ^ x >> SHIFT;
}

static uint32_t mix(uint32_t x, uint32_t y)
{
    uint32_t r = 0xCA01F9DDu * x - 0x4973F715u * y;
    return r ^ r >> SHIFT;
}

/* numpy.random.SeedSequence(seed).generate_state(4, uint64). */
static void seed_sequence(uint64_t out[4], uint64_t seed)
{
    uint32_t pool[POOL] = { 0 }, constant = 0x43B0D7E5u;
    const uint32_t entropy[POOL] = { (uint32_t)seed, (uint32_t)(seed >> 32), 0, 0 };
    for (int i = 0; i < POOL; i++) pool[i] = hash(entropy[i], &constant, 0x931E8875u);
    for (int from = 0; from < POOL; from++)
        for (int to = 0; to < POOL; to++)
            if (from != to) pool[to] = mix(pool[to], hash(pool[from], &constant, 0x931E8875u));
    constant = 0x8B51F9DDu;
    for (int i = 0; i < 4; i++) {
        uint64_t low = hash(pool[2 * i % POOL], &constant, 0x58F38DEDu);
        uint64_t high = hash(pool[(2 * i + 1) % POOL], &constant, 0x58F38DEDu);
        out[i] = high << 32 | low;
    }
}

struct pcg pcg_seed(uint64_t seed)
{
    struct pcg g = { { 0, 0 }, { 0, 0 }, 0, 0 };
    uint64_t w[4];
    seed_sequence(w, seed);
    struct wide s = join(w), i = join(w + 2);
    i.x = i.x << 1 | 1;
    split(g.step, i);
    advance(&g);
    s.x += join(g.state).x;
    split(g.state, s);
    advance(&g);
    return g;
}

uint64_t pcg_draw(struct pcg *g)
{
    advance(g);
    uint64_t x = g->state[0] ^ g->state[1];
    int turn = (int)(g->state[0] >> 58);
    return x >> turn | x << (-turn & 63);
}

uint32_t pcg_word(struct pcg *g)
{
    if (g->kept) {
        g->kept = 0;
        return g->half;
    }
    uint64_t x = pcg_draw(g);
    g->half = (uint32_t)(x >> 32);
    g->kept = 1;
    return (uint32_t)x;
}

uint32_t pcg_below(struct pcg *g, uint32_t n)
{
    if (n <= 1) return 0;
    uint64_t product = (uint64_t)pcg_word(g) * n;
    if ((uint32_t)product < n) {
        uint32_t least = (0u - n) % n;
        while ((uint32_t)product < least) product = (uint64_t)pcg_word(g) * n;
    }
    return (uint32_t)(product >> 32);
}

void pcg_fill(struct pcg *g, uint32_t n, uint32_t *index, int64_t count)
{
    for (int64_t i = 0; i < count; i++) index[i] = pcg_below(g, n);
}
