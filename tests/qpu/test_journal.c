/* The journal after every way in which a process can end. */
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "qpu/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err E;

static char *folder_of(const char *name)
{
    char *own = mem_print("%s-%d", name, test_par()->rank), *path = mem_text(test_path(own));

    mem_free(own);
    return path;
}

/* Three problems: answered, named, begun. */
static void fill(struct journal *j)
{
    assert_int_equal(journal_begin(j, 7, 0, 0xabcdefu, 10, &E), 0);
    assert_int_equal(journal_begin(j, 7, 1, 0xabcdefu, 9, &E), 1);
    assert_int_equal(journal_named(j, 0, "id-0", &E), 0);
    assert_int_equal(journal_named(j, 1, "id-1", &E), 0);
    assert_int_equal(journal_answered(j, 0, "0123456789", 10, 35376.25, &E), 0);
    assert_int_equal(journal_begin(j, 8, 0, 0x123u, 5, &E), 2);
}

static void a_new_start_finds_everything(void **state)
{
    (void)state;
    char *folder = folder_of("all"), label[2][JOURNAL_LABEL], reads[10];
    struct journal j;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    fill(&j);
    journal_label(&j, 2, label[0]);
    journal_free(&j);
    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    journal_label(&j, 2, label[1]);
    assert_string_equal(label[0], label[1]);
    assert_int_equal(journal_find(&j, 7, 0, 0xabcdefu), 0);
    assert_int_equal(journal_find(&j, 7, 0, 0xabcdeeu), -1);
    assert_int_equal(journal_find(&j, 7, 2, 0xabcdefu), -1);
    assert_int_equal(j.entry[0].state, JOURNAL_ANSWERED);
    assert_int_equal(journal_reads(&j, 0, reads, &E), 0);
    assert_memory_equal(reads, "0123456789", 10);
    assert_string_equal(j.entry[1].id, "id-1");
    assert_int_equal(j.entry[2].state, JOURNAL_BEGUN);
    assert_int_equal(journal_open_problems(&j), 2);
    assert_near(j.access, 35376.25, 0.0);
    assert_int_equal(journal_problems(&j), 3);
    assert_int_equal(journal_failed(&j, 1, "no", &E), 0);
    assert_int_equal(journal_find(&j, 7, 1, 0xabcdefu), -1);
    assert_int_equal(journal_problems(&j), 2); /* what failed counts for no budget */
    journal_free(&j);
    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    assert_int_equal(journal_problems(&j), 2); /* nor does it after a new start */
    journal_free(&j);
    mem_free(folder);
}

/* Cut after every byte: what was whole before the cut is there, nothing else, and the journal goes
 * on. */
static void a_torn_tail_is_cut_off(void **state)
{
    (void)state;
    char *folder = folder_of("torn"), *path = file_join(folder, "journal");
    int64_t n = 0, lines = 0;
    struct journal j;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    fill(&j);
    journal_free(&j);
    char *whole = file_slurp(path, 1 << 20, &n, &E);
    for (int64_t cut = 0; cut < n; cut++) {
        lines += cut > 0 && whole[cut - 1] == '\n';
        assert_int_equal(file_replace(path, whole, cut, &E), 0);
        assert_int_equal(journal_open(&j, folder, 0, &E), 0);
        /* session, begun, begun, named, named, answered, begun */
        assert_int_equal(j.n, lines < 2 ? 0 : lines < 3 ? 1 : 2);
        assert_int_equal(j.n > 0 && j.entry[0].state == JOURNAL_ANSWERED, lines == 6);
        int64_t number = journal_begin(&j, 9, 0, 1, 1, &E);
        assert_int_equal(number, j.n - 1);
        journal_free(&j);
        assert_int_equal(journal_open(&j, folder, 0, &E), 0);
        assert_int_equal(journal_find(&j, 9, 0, 1), j.n - 1);
        journal_free(&j);
    }
    mem_free(whole);
    mem_free(path);
    mem_free(folder);
}

static void damage_in_the_middle_is_refused(void **state)
{
    (void)state;
    char *folder = folder_of("damaged"), *path = file_join(folder, "journal");
    int64_t n = 0;
    struct journal j;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    fill(&j);
    journal_free(&j);
    char *whole = file_slurp(path, 1 << 20, &n, &E);
    whole[n / 2] ^= 2;
    assert_int_equal(file_replace(path, whole, n, &E), 0);
    struct err e = { "" };
    assert_int_equal(journal_open(&j, folder, 0, &e), -1);
    assert_non_null(strstr(e.text, "damaged"));
    mem_free(whole);
    mem_free(path);
    mem_free(folder);
}

/* Reads that were lost are no reads: the caller asks the service again. */
static void lost_or_changed_reads_are_noticed(void **state)
{
    (void)state;
    char *folder = folder_of("reads"), *path = file_join(folder, "answers"), reads[10];
    struct journal j;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    fill(&j);
    assert_true(journal_has_reads(&j, 1, "0123456789", 10));
    assert_false(journal_has_reads(&j, 0, "0123456789", 10)); /* its own do not count */
    assert_false(journal_has_reads(&j, 2, "0123456789", 10)); /* another kind of problem */
    for (int way = 0; way < 2; way++) {
        struct err e = { "" };
        assert_int_equal(file_replace(path, "0123456788", way == 0 ? 10 : 9, &E), 0);
        assert_int_equal(journal_reads(&j, 0, reads, &e), -1);
        assert_non_null(strstr(e.text, "problem 0"));
    }
    journal_free(&j);
    mem_free(path);
    mem_free(folder);
}

static void a_closed_journal_is_used_again_or_begun_anew(void **state)
{
    (void)state;
    char *folder = folder_of("closed"), label[2][JOURNAL_LABEL];
    struct journal j;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    fill(&j);
    journal_label(&j, 0, label[0]);
    assert_int_equal(journal_close(&j, &E), 0);
    journal_free(&j);
    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    assert_int_equal(journal_find(&j, 7, 0, 0xabcdefu), 0);
    assert_int_equal(journal_reopen(&j, 1, &E), 0); /* some of it was used: it goes on */
    assert_int_equal(j.n, 3);
    assert_int_equal(journal_close(&j, &E), 0);
    journal_free(&j);
    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    assert_int_equal(journal_reopen(&j, 0, &E), 0);
    assert_int_equal(j.n, 0);
    journal_label(&j, 0, label[1]);
    assert_string_not_equal(label[0], label[1]); /* labels are never used twice */
    journal_free(&j);
    mem_free(folder);
}

/* A lock belongs to the process: a child is another one. */
static void two_processes_do_not_share_a_journal(void **state)
{
    (void)state;
    char *folder = folder_of("locked");
    struct journal j;
    int status = 0;

    assert_int_equal(journal_open(&j, folder, 0, &E), 0);
    pid_t child = fork();
    if (child == 0) {
        struct journal other;
        struct err e = { "" };
        int refused =
            journal_open(&other, folder, 0, &e) == -1 && strstr(e.text, "held by") != NULL;
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    journal_free(&j);
    mem_free(folder);
}

TEST_MAIN(cmocka_unit_test(a_new_start_finds_everything), cmocka_unit_test(a_torn_tail_is_cut_off),
          cmocka_unit_test(damage_in_the_middle_is_refused),
          cmocka_unit_test(lost_or_changed_reads_are_noticed),
          cmocka_unit_test(a_closed_journal_is_used_again_or_begun_anew),
          cmocka_unit_test(two_processes_do_not_share_a_journal))
