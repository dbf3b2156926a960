#include "route53.h"

#include <string.h>

#include "xml.h"

#define VERSION "/2013-04-01/hostedzone/"

/* The id alone, of "Z1" or "/hostedzone/Z1"; NULL when it is neither. */
static const char *plain_id(const char *zone_id)
{
    const char *slash = strrchr(zone_id, '/'), *id = slash ? slash + 1 : zone_id;

    return *id && strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(id) ? id : NULL;
}

static int refuse_id(const char *zone_id, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "link.hosted_zone_id: '%.100s' is no hosted zone's id, such as Z0123456789ABC",
                   zone_id);
}

const char *route53_zone_name(struct aws_client *client, const char *zone_id, struct arena *a,
                              struct err *e)
{
    const char *id = plain_id(zone_id), *name = "";
    struct aws_call call = {
        .service = AWS_ROUTE53, .operation = "GetHostedZone", .method = "GET", .repeatable = true};

    if (!id) {
        refuse_id(zone_id, e);
        return NULL;
    }
    call.path = arena_printf(a, VERSION "%s", id);
    aws_perform(client, &call, 1);
    if (aws_call_check(&call, 1, e) == 0) {
        const struct xml *root = xml_parse(buf_text(&call.answer), call.answer.len, a);
        name = xml_text(xml_child(root, "HostedZone"), "Name");
        if (!*name)
            err_set(e, ERR_REFUSED, "Route 53 GetHostedZone: the answer has no zone's name");
    }
    aws_call_free(&call, 1);
    return *name ? name : NULL;
}

/* --- changes -----------------------------------------------------------------------------------
 */

static void add_escaped(struct buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '<' || text[i] == '&' || text[i] == '>')
            buf_printf(b, "&#%d;", text[i]);
        else
            buf_char(b, text[i]);
    }
}

static void add_change(struct buf *b, const struct route53_change *c)
{
    const char *p = c->addresses;
    size_t len;

    buf_printf(b, "<Change><Action>%s</Action><ResourceRecordSet><Name>",
               c->upsert ? "UPSERT" : "DELETE");
    add_escaped(b, c->name, strlen(c->name));
    buf_printf(b, "</Name><Type>A</Type><TTL>%d</TTL><ResourceRecords>", c->ttl);
    for (; *p; p += len, p += *p == ' ') {
        len = strcspn(p, " ");
        buf_str(b, "<ResourceRecord><Value>");
        add_escaped(b, p, len);
        buf_str(b, "</Value></ResourceRecord>");
    }
    buf_str(b, "</ResourceRecords></ResourceRecordSet></Change>");
}

/* One call. 0 done, 1 refused (*e says why), -1 the service cannot be asked. */
static int send(struct aws_client *client, const char *id, const struct route53_change *changes,
                size_t n, struct arena *a, struct err *e)
{
    struct buf body = {0};
    struct aws_call call = {.service = AWS_ROUTE53,
                            .operation = "ChangeResourceRecordSets",
                            .path = arena_printf(a, VERSION "%s/rrset/", id),
                            .content_type = "text/xml",
                            .repeatable = true};
    int rc;

    buf_str(&body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ChangeResourceRecordSetsRequest "
            "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>");
    for (size_t i = 0; i < n; i++)
        add_change(&body, &changes[i]);
    buf_str(&body, "</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
    call.body = buf_text(&body);
    aws_perform(client, &call, 1);
    rc = aws_call_check(&call, 1, e);
    if (rc < 0 && (!strcmp(call.code, "InvalidChangeBatch") || !strcmp(call.code, "InvalidInput")))
        rc = 1;
    aws_call_free(&call, 1);
    buf_free(&body);
    return rc;
}

static int send_halves(struct aws_client *client, const char *id, struct route53_change *changes,
                       size_t n, struct arena *a, struct err *e)
{
    struct err why;
    int rc = send(client, id, changes, n, a, &why);

    if (rc < 0) {
        *e = why;
        return -1;
    }
    if (rc > 0 && n > 1)
        return send_halves(client, id, changes, n / 2, a, e) < 0
                   ? -1
                   : send_halves(client, id, changes + n / 2, n - n / 2, a, e);
    for (size_t i = 0; i < n; i++) {
        changes[i].done = rc == 0 || !changes[i].upsert;
        if (!changes[i].done)
            changes[i].error = arena_strdup(a, why.text);
    }
    return 0;
}

int route53_change(struct aws_client *client, const char *zone_id, struct route53_change *changes,
                   size_t n, struct arena *a, struct err *e)
{
    const char *id = plain_id(zone_id);
    size_t some;

    if (!id)
        return refuse_id(zone_id, e);
    for (size_t i = 0; i < n; i += some) {
        some = n - i < ROUTE53_CHANGES_A_CALL ? n - i : ROUTE53_CHANGES_A_CALL;
        if (send_halves(client, id, changes + i, some, a, e) < 0)
            return -1;
    }
    return 0;
}
