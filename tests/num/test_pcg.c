/* numpy's own numbers (spec/evaluation.md 3.3; numpy 1.24.2) are the judge. */
#include "test.h"

#include "num/pcg.h"

#include <stdio.h>
#include <string.h>

static void state_after_seeding_is_numpys(void **state)
{
    (void)state;
    static const char *const known[10][2] = {
        { "cea44f6798798f2aacbc7c9d68860ac8", "fa505436c9a8416e66caf2e28d25abff" },
        { "452e546bd25cc6a9cfcba3598ee0c0a9", "3a50a81b6d815c7c04ef9987b44302c1" },
        { "d9dc29d1e54760925a8782333a348f02", "937bca5edca9f138aa1da5ef7691bbe1" },
        { "14bd10aeebb97b5b875e474701c01ead", "05cd3d1319f3a61ad47896c07c5a2ac9" },
        { "c3864a0e7ef2d1a46431c189530670e8", "790a83823fae19288f3275305669c00d" },
        { "dd59dd92ca94a92717a079d943e3bf92", "3a971f84f57c4f1c482d0e5191661143" },
        { "e27d8e9921c9b58a4acf30afae2f5ae7", "29a5bf44842d33582ac4a5c130d23b81" },
        { "995595719ca48f76d4e5220b6c3154c6", "4d6d2fc5803fcf30ebedb3c738113a07" },
        { "032f2bedf6681c2193791eed73d6c183", "6feeddad58f27f178f5727e0b29cb475" },
        { "d853251c8e0d0959e6cb6d6fef7f92bc", "04c7843b146631485822aaec26eaac1b" }
    };
    for (int i = 0; i < 10; i++) {
        struct pcg g = pcg_seed(42 + 1000 * (uint64_t)i);
        char text[2][33];
        for (int k = 0; k < 2; k++) {
            const uint64_t *half = k ? g.step : g.state;
            snprintf(text[k], sizeof text[k], "%016llx%016llx", (unsigned long long)half[0],
                     (unsigned long long)half[1]);
            assert_string_equal(text[k], known[i][k]);
        }
    }
}

static void indices_are_numpys(void **state)
{
    (void)state;
    static const uint32_t known[12] = { 8925, 77395, 65457, 43887, 43301, 85859,
                                        8594, 69736, 20146, 9417,  52647, 97562 };
    uint32_t index[12];
    struct pcg g = pcg_seed(42);
    pcg_fill(&g, 100000, index, 12);
    assert_memory_equal(index, known, sizeof known);
}

/* default_rng(SEED).bit_generator.random_raw(3), numpy 1.24.2; the large seed fills two words. */
static void words_of_a_64_bit_seed_are_numpys(void **state)
{
    (void)state;
    static const uint64_t known[2][3] = {
        { 11749869230777074271u, 4976686463289251617u, 755828109848996024u },
        { 3766508136411593918u, 6889702652058141533u, 9247382336020114987u }
    };
    struct pcg g = pcg_seed(0), h = pcg_seed(0x123456789abcdef0u);
    for (int i = 0; i < 3; i++) {
        assert_true(pcg_draw(&g) == known[0][i]);
        assert_true(pcg_draw(&h) == known[1][i]);
    }
}

/* Generator.integers(0, 3e9) of seed 7: nearly a third of all words is turned away. */
static void rejection_follows_numpy(void **state)
{
    (void)state;
    static const uint32_t known[12] = { 2834714867u, 2052539810u, 2691641402u, 1734877356u,
                                        2327057070u, 2500953064u, 675621569u,  166594732u,
                                        900498854u,  855201101u,  2620660335u, 2737869579u };
    uint32_t index[12];
    struct pcg g = pcg_seed(7);
    pcg_fill(&g, 3000000000u, index, 12);
    assert_memory_equal(index, known, sizeof known);
    assert_int_equal(pcg_below(&g, 1), 0);
}

TEST_MAIN(cmocka_unit_test(state_after_seeding_is_numpys), cmocka_unit_test(indices_are_numpys),
          cmocka_unit_test(words_of_a_64_bit_seed_are_numpys),
          cmocka_unit_test(rejection_follows_numpy))
