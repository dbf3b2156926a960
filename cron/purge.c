/* mirage-purge: terminates environments that nobody used. Not in this version. */
#include "aws/self_config.h"
#include "log.h"
#include "options.h"

int main(int argc, char **argv)
{
    struct program program = {
        .name = "mirage-purge",
        .summary = "Terminates environments that nobody used (not in this version).",
        .source = &self_config_source,
    };
    int status = program_start(&program, argc, argv);

    if (status != PROGRAM_GOES_ON)
        return status;
    log_error("this program is not in this version; POST /api/purge is");
    program_end(&program);
    return 1;
}
