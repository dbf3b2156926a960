#include "waiting_text.h"

#include <string.h>

/* Of each state: the heading, for which name stands in front, and the message. */
static const struct {
    const char *heading[LANGUAGES];
    const char *message[LANGUAGES];
} states[WAITING_STATES] = {
    [WAITING_STARTING] = {{"is starting", "を起動しています"},
                          {"This page goes there by itself as soon as it is ready.",
                           "準備ができると、このページは自動的に切り替わります。"}},
    [WAITING_WAKING] =
        {{"is waking up", "を再開しています"},
         {"It was asleep, and is being started again. This page goes there by "
          "itself as soon as it is ready.",
          "休止していたため、再び起動しています。準備ができると自動的に切り替わります"
          "。"}},
    [WAITING_ASLEEP] =
        {{"is asleep", "は休止中です"},
         {"A visit of this kind does not wake it: wake it on the pages of mirage-ecs, or ask "
          "somebody who may.",
          "このアクセスでは再開されません。mirage-ecs "
          "の画面から再開するか、担当者に依頼してください。"}},
    [WAITING_FAILED] = {{"did not start", "を起動できませんでした"}, {"", ""}},
    [WAITING_LOST] = {{"has stopped", "が停止しました"}, {"", ""}},
    [WAITING_READY] = {{"is ready", "の準備ができました"},
                       {"This page goes there now.", "まもなく切り替わります。"}},
};

static const char *const again[LANGUAGES] = {
    "It is launched again by itself, and this page goes there as soon as it is ready.",
    "自動的に再起動します。準備ができると、このページは切り替わります。"};
static const char *const for_somebody[LANGUAGES] = {
    "It has to be launched again on the pages of mirage-ecs.",
    "mirage-ecs の画面からもう一度起動する必要があります。"};

static const char *const by_a_visit[LANGUAGES] = {
    "It sleeps on. Whoever visits it in a while wakes it again: reload this page then.",
    "休止状態に戻りました。しばらくしてからこのページを再読み込みすると、もう一度起動します。"};

static const char *const steps[STEPS][LANGUAGES] = {
    [STEP_PROVISIONING] = {"Finding a place to run", "実行環境の確保"},
    [STEP_PULLING] = {"Pulling the image", "イメージの取得"},
    [STEP_STARTING] = {"Starting the containers", "コンテナの起動"},
    [STEP_PORT] = {"Waiting for its port", "ポートの応答待ち"},
    [STEP_HEALTH] = {"Checking its health", "ヘルスチェック"},
    [STEP_READY] = {"Ready", "完了"},
};

static const char *const labels[LABELS][LANGUAGES] = {
    [LABEL_ELAPSED] = {"So far", "経過時間"},
    [LABEL_ASLEEP] = {"Asleep for", "休止時間"},
    [LABEL_STEPS] = {"Steps of the start", "起動の手順"},
    [LABEL_DONE] = {"done", "完了"},
    [LABEL_TASKDEF] = {"Task definition", "タスク定義"},
    [LABEL_REASON] = {"Reason given", "停止理由"},
};

const char *waiting_text_tag(enum language in)
{
    return in == LANGUAGE_JA ? "ja" : "en";
}

const char *waiting_text_heading(const struct waiting *w, const char *name, enum language in,
                                 struct arena *a)
{
    return arena_printf(a, "%s %s", name, states[w->state].heading[in]);
}

const char *waiting_text_message(const struct waiting *w, enum language in)
{
    if (w->state == WAITING_FAILED || w->state == WAITING_LOST)
        return w->again_at > 0 ? again[in] : w->by_a_visit ? by_a_visit[in] : for_somebody[in];
    return states[w->state].message[in];
}

const char *waiting_text_step(enum waiting_step step, int port, enum language in, struct arena *a)
{
    if (step == STEP_PORT && port > 0)
        return in == LANGUAGE_JA ? arena_printf(a, "ポート %d の応答待ち", port)
                                 : arena_printf(a, "Waiting for port %d", port);
    return steps[step][in];
}

const char *waiting_text_duration(int64_t ms, enum language in, struct arena *a)
{
    const int64_t all = ms > 0 ? ms / 1000 : 0;
    const int s = (int)(all % 60), min = (int)(all / 60 % 60), h = (int)(all / 3600 % 24),
              d = (int)(all / 86400);
    const bool ja = in == LANGUAGE_JA;

    if (all < 60)
        return arena_printf(a, ja ? "%d 秒" : "%d s", s);
    if (all < 3600)
        return arena_printf(a, ja ? "%d 分 %d 秒" : "%d min %d s", min, s);
    if (d == 0)
        return arena_printf(a, ja ? "%d 時間 %d 分" : "%d h %d min", h, min);
    return arena_printf(a, ja ? "%d 日 %d 時間" : "%d d %d h", d, h);
}

const char *waiting_text_usual(const struct start_usual *usual, enum language in, struct arena *a)
{
    /* what took less than a second took one, for people */
    const char *median = waiting_text_duration(usual->median_ms + 999, in, a);
    const char *p90 = waiting_text_duration(usual->p90_ms + 999, in, a);

    const bool ja = in == LANGUAGE_JA;

    if (!strcmp(median, p90))
        return arena_printf(a, ja ? "通常は %s です。" : "Usually %s.", median);
    return arena_printf(
        a, ja ? "通常は %s、ほとんどの場合 %s以内です。" : "Usually %s, nearly always within %s.",
        median, p90);
}

const char *waiting_text_label(enum waiting_label label, enum language in)
{
    return labels[label][in];
}
