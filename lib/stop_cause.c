/* The texts to look for are those of ECS, its agents and the container runtimes (Amazon ECS
 * Developer Guide, "Stopped tasks error messages" and "API failure reasons"; API Reference, Task,
 * stopCode). The first cause that fits counts: what is special stands before what is general. */
#include "stop_cause.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define SIGNS 8

/* Both texts have to be there, in any case of letters; NULL: the first one is enough. */
struct sign {
    const char *text, *also;
};

struct entry {
    struct stop_cause cause;
    struct sign signs[SIGNS]; /* one of them is there; up to the first without a text */
};

#define PULL  "CannotPull"
#define INIT  "ResourceInitializationError"
#define START "CannotStartContainerError"

static const struct entry entries[] = {
    {{"wrong-platform",
      {"The container image is not built for this processor or system.",
       "コンテナイメージが実行環境の CPU または OS に対応していません。"},
      {"Build it for the runtimePlatform of the task definition, or change that.",
       "タスク定義の runtimePlatform に合わせてビルドしてください。"}},
     {{PULL, "matching platform"}, {"exec format error", NULL}}},
    {{"pull-limit",
      {"The registry lets no more images be pulled for a while.",
       "レジストリの取得回数の上限に達しました。"},
      {"Wait, log in to the registry (repositoryCredentials), or copy the image to ECR.",
       "しばらく待つか、認証を設定するか、ECR にコピーしてください。"}},
     {{PULL, "toomanyrequests"}, {PULL, "rate limit"}, {PULL, "429"}}},
    {{"disk-full",
      {"There is no space left on the task's disk.", "タスクのディスクに空きがありません。"},
      {"Make the image smaller, or ephemeralStorage in the task definition larger.",
       "イメージを小さくするか、ephemeralStorage を大きくしてください。"}},
     {{"no space left on device", NULL}}},
    {{"registry-unreachable",
      {"The registry of the container image cannot be reached.",
       "コンテナイメージのレジストリに接続できません。"},
      {"Check the subnet's way out (public address, NAT, VPC endpoints), the security group, DNS.",
       "サブネットの経路、セキュリティグループ、DNS を確認してください。"}},
     {{PULL, "i/o timeout"},
      {PULL, "request canceled"},
      {PULL, "context canceled"},
      {PULL, "deadline exceeded"},
      {PULL, "no such host"},
      {PULL, "connection refused"},
      {PULL, "x509"},
      {PULL, "network is unreachable"}}},
    {{"image-denied",
      {"The registry does not let the container image be pulled.",
       "レジストリがコンテナイメージの取得を拒否しました。"},
      {"Check its name, what the execution role may do, and the policy of the repository.",
       "イメージ名、実行ロールの権限、リポジトリのポリシーを確認してください。"}},
     {{PULL, "access denied"},
      {PULL, "denied:"},
      {PULL, "403 Forbidden"},
      {PULL, "no basic auth credentials"},
      {PULL, "authorization failed"},
      {PULL, "unauthorized"},
      {PULL, "AccessDeniedException"}}},
    {{"image-not-found",
      {"There is no such container image.", "コンテナイメージが見つかりません。"},
      {"Check that it was built and pushed under this tag, and its name in the task definition.",
       "このタグでプッシュされているか、タスク定義の名前を確認してください。"}},
     {{PULL, "manifest unknown"},
      {PULL, "not found"},
      {PULL, "does not exist"},
      {PULL, "invalid reference format"}}},
    {{"image",
      {"The container image cannot be pulled.", "コンテナイメージを取得できません。"},
      {"The stopped reason says why.", "停止理由を確認してください。"}},
     {{PULL, NULL}}},
    {{"secret-missing",
      {"A secret or parameter that it needs cannot be read.",
       "必要なシークレットまたはパラメータを読み取れません。"},
      {"Check that it exists, that the execution role may read it, and the subnet's way out.",
       "存在するか、実行ロールの権限とサブネットの経路を確認してください。"}},
     {{INIT, "from asm"},
      {INIT, "from ssm"},
      {INIT, "retrieve secret"},
      {INIT, "fetch secret"},
      {INIT, "invalid parameters:"}}},
    {{"registry-credentials",
      {"The credentials for the registry cannot be had.", "レジストリの認証情報を取得できません。"},
      {"Check the subnet's way out to ECR, and what the execution role may do.",
       "サブネットから ECR への経路と実行ロールの権限を確認してください。"}},
     {{INIT, "registry auth"}}},
    {{"env-file-missing",
      {"A file of environment variables cannot be read.", "環境変数ファイルを読み取れません。"},
      {"Check that it lies in the bucket, and that the execution role may read it.",
       "バケットにあるか、実行ロールの読み取り権限を確認してください。"}},
     {{INIT, "env files"}, {INIT, "environment file"}}},
    {{"logs-not-writable",
      {"Its log cannot be written to.", "ログを書き込めません。"},
      {"Check that the log group exists, what the execution role may do, the subnet's way out.",
       "ロググループ、実行ロールの権限、サブネットの経路を確認してください。"}},
     {{INIT, "logger args"}, {INIT, "log stream"}, {"initialize logging driver", NULL}}},
    {{"volume",
      {"A volume (EFS) cannot be mounted.", "ボリューム（EFS）をマウントできません。"},
      {"Check its mount targets, its access point, and the security groups (port 2049).",
       "マウントターゲット、アクセスポイント、ポート 2049 を確認してください。"}},
     {{INIT, "EFS"}, {INIT, "mount"}}},
    {{"no-network",
      {"It got no network interface.", "ネットワークインターフェースを割り当てられません。"},
      {"Check that its subnets and security groups exist, and have free addresses.",
       "サブネットの空きアドレスとセキュリティグループを確認してください。"}},
     {{"Network Interface", NULL},
      {"InsufficientFreeAddressesInSubnet", NULL},
      {"network interface provisioning", NULL},
      {INIT, "regular eni"}}},
    {{"not-set-up",
      {"It could not be set up.", "タスクを初期化できませんでした。"},
      {"The stopped reason says why.", "停止理由を確認してください。"}},
     {{INIT, NULL}}},
    {{"out-of-memory",
      {"It needed more memory than it may have.", "メモリが上限を超えました。"},
      {"Raise the memory in the task definition, or find out what needs so much.",
       "タスク定義のメモリを増やすか、使用量の原因を調べてください。"}},
     {{"OutOfMemory", NULL}, {"oom-kill", NULL}, {"exceeded memory", NULL}}},
    {{"command-not-found",
      {"The program that it is to run is not in the image.",
       "実行するプログラムがイメージにありません。"},
      {"Check command and entryPoint of the container.",
       "コンテナの command と entryPoint を確認してください。"}},
     {{"executable file not found", NULL},
      {"no such file or directory", START},
      {"No command specified", NULL},
      {"exit code 127", NULL}}},
    {{"command-not-executable",
      {"The program that it is to run cannot be executed.", "プログラムを実行できません。"},
      {"Check that the file may be executed (chmod +x), and its first line.",
       "ファイルの実行権限（chmod +x）と先頭行を確認してください。"}},
     {{START, "permission denied"}, {"exit code 126", NULL}}},
    {{"not-started",
      {"Its container could not be started.", "コンテナを起動できませんでした。"},
      {"The stopped reason says why.", "停止理由を確認してください。"}},
     {{START, NULL},
      {"CannotCreateContainerError", NULL},
      {"CannotInspectContainerError", NULL},
      {"ContainerRuntimeError", NULL},
      {"ContainerRuntimeTimeoutError", NULL},
      {"DockerTimeoutError", NULL},
      {"exit code 125", NULL}}},
    {{"taken-away",
      {"Amazon took it away (Spot).", "スポットの中断により停止しました。"},
      {"Launch it again, where that is not done by itself; or take no Spot capacity.",
       "自動で再起動されない場合は、もう一度起動してください。"}},
     {{"SpotInterruption", NULL}, {"Spot Task was interrupted", NULL}}},
    {{"maintenance",
      {"Amazon took its machine out of use.", "実行基盤の保守により停止しました。"},
      {"Launch it again, where that is not done by itself.",
       "自動で再起動されない場合は、もう一度起動してください。"}},
     {{"TerminationNotice", NULL},
      {"InfrastructureHealth", NULL},
      {"Host EC2", NULL},
      {"ServiceSchedulerInitiated", NULL},
      {"task retirement", NULL}}},
    {{"no-capacity",
      {"Amazon has no room for it at the moment.", "現在、AWS に空き容量がありません。"},
      {"Launch it again in a few minutes, or allow more availability zones.",
       "数分後に再度起動するか、アベイラビリティーゾーンを増やしてください。"}},
     {{"Capacity is unavailable", NULL},
      {"RESOURCE:CPU", NULL},
      {"RESOURCE:MEMORY", NULL},
      {"RESOURCE:ENI", NULL},
      {"RESOURCE:PORTS", NULL},
      {"insufficient capacity", NULL},
      {"No Container Instances were found", NULL}}},
    {{"quota",
      {"The account may run no more.", "アカウントの上限に達しました。"},
      {"End what is not needed, or have the quota for Fargate raised.",
       "不要なものを終了するか、Fargate のクォータを引き上げてください。"}},
     {{"vCPUs you can run concurrently", NULL}, {"reached the limit", NULL}}},
    {{"revision-gone",
      {"This revision of the task definition is not there any more.",
       "このリビジョンのタスク定義は存在しません。"},
      {"Wake it with the newest revisions, in the list of mirage-ecs.",
       "mirage-ecs の一覧から最新のリビジョンで再開してください。"}},
     {{"Unable to describe task definition", NULL}, {"its status is INACTIVE", NULL}}},
    {{"limit-awake",
      {"No more environments may be awake at once.",
       "同時に起動できる環境の数が上限に達しました。"},
      {"Put to sleep what is not needed, or come again in ten minutes (limit.awake).",
       "不要な環境を休止するか、10 分後に再度アクセスしてください（limit.awake）。"}},
     {{"(limit.awake)", NULL}}},
    {{"limit-wakes",
      {"Visits have woken as many environments in the last hour as they may.",
       "アクセスによる再開の回数が 1 時間の上限に達しました。"},
      {"Wake it on the pages of mirage-ecs, or come again later (wake.limit).",
       "mirage-ecs の画面から再開するか、後で再度アクセスしてください（wake.limit）。"}},
     {{"(wake.limit)", NULL}}},
    {{"unhealthy",
      {"Its health check failed.", "ヘルスチェックに失敗しました。"},
      {"Check what the health check asks, and how long it waits at the start (startPeriod).",
       "ヘルスチェックの内容と startPeriod を確認してください。"}},
     {{"health check", NULL}}},
    {{"timed-out",
      {"It was not ready in time.", "時間内に準備が完了しませんでした。"},
      {"Look at its log; launch.ready_timeout says how long it may take.",
       "ログを確認してください。時間の上限は launch.ready_timeout です。"}},
     {{"launch.ready_timeout", NULL}, {"timed out", NULL}, {"timeout", NULL}}},
    {{"killed",
      {"It was killed (SIGKILL), often for want of memory.",
       "強制終了されました（多くはメモリ不足）。"},
      {"Raise its memory; or it did not end within stopTimeout.",
       "メモリを増やすか、stopTimeout を確認してください。"}},
     {{"exit code 137", NULL}}},
    {{"crashed",
      {"Its program crashed (SIGSEGV).", "プログラムがクラッシュしました（SIGSEGV）。"},
      {"Look at its log.", "ログを確認してください。"}},
     {{"exit code 139", NULL}, {"exit code 134", NULL}}},
    {{"ended",
      {"Its program was told to end (SIGTERM).", "プログラムに終了が指示されました（SIGTERM）。"},
      {"Launch it again.", "もう一度起動してください。"}},
     {{"exit code 143", NULL}}},
    {{"exited",
      {"Its program ended.", "プログラムが終了しました。"},
      {"Look at its log.", "ログを確認してください。"}},
     {{"exit code", NULL},
      {"exited with status", NULL},
      {"Essential container in task exited", NULL},
      {"EssentialContainerExited", NULL}}},
};

_Static_assert(sizeof entries / sizeof entries[0] + 1 == STOP_CAUSES, "with the unknown one");

static const struct stop_cause unknown = {
    "unknown",
    {"It stopped, for a reason that is not known here.", "停止しました（理由は不明です）。"},
    {"Look at its stopped reason and its log.", "停止理由とログを確認してください。"}};

static int has(const char *reason, const char *code, const char *text)
{
    return !text || strcasestr(reason, text) || strcasestr(code, text);
}

const struct stop_cause *stop_cause_of(const char *stopped_reason, const char *stop_code)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const struct sign *s = entries[i].signs;
        for (size_t k = 0; k < SIGNS && s[k].text; k++)
            if (has(stopped_reason, stop_code, s[k].text) &&
                has(stopped_reason, stop_code, s[k].also))
                return &entries[i].cause;
    }
    return &unknown;
}

static const struct stop_cause *cause_at(size_t i)
{
    return i < STOP_CAUSES - 1 ? &entries[i].cause : &unknown;
}

const char *stop_cause_key(size_t i)
{
    return cause_at(i)->key;
}

size_t stop_cause_number(const struct stop_cause *cause)
{
    size_t i = 0;

    while (i < STOP_CAUSES - 1 && cause_at(i) != cause)
        i++;
    return i;
}
