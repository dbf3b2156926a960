/* Each entry is a text that stands in the User-Agent of what it names, and in no browser's, in
 * either case of letters. The first group are words that their makers agree on; names follow where
 * none of the words stands in what is sent. What a person starts to look at an environment is not
 * here: curl, a test in a headless browser, Lighthouse. */
#include "config_agents.h"

#include <string.h>

static const char *const agents[] = {
    /* words that programs without a person have in their names */
    "bot/",       /* Googlebot/2.1, bingbot/2.0, GPTBot/1.2, Twitterbot/1.0, and hundreds more */
    "bot;",       /* "(compatible; AdsBot; ...": without a version */
    "bot)",       /* "(compatible; WormlyBot)": the same, at the end */
    "bot-",       /* Slackbot-LinkExpanding, Googlebot-Image, Mediumbot-MetaTagFetcher */
    "bot (",      /* "Better Uptime Bot (...", "LinkWalker bot (...": the name before its address */
    "_bot",       /* OnlineOrNot.com_bot, Screaming_bot */
    " bot",       /* "Better Uptime Bot", "HetrixTools Uptime Monitoring Bot" */
    "robot",      /* "Uptime robot", "Jakarta robot": the long word */
    "crawl",      /* FAST-WebCrawler, "Minoru's Fediverse Crawler", crawl4ai */
    "spider",     /* Baiduspider, Sogou web spider, Bytespider, Linespider */
    "/bot.html",  /* the address of the page about a robot, "+http://.../bot.html" */
    "monitoring", /* "elmah.io Uptime Monitoring", GoogleStackdriverMonitoring-UptimeChecks */
    "synthetic",  /* DatadogSynthetics, NewRelicSynthetics, CloudWatchSynthetics, RuxitSynthetic */
    "uptim",      /* UptimeRobot, Uptime-Kuma, "Honeybadger Uptime Check", Uptimia */
    "healthcheck",  /* ELB-HealthChecker, Amazon-Route53-Health..., Cloudflare-Healthchecks */
    "health-check", /* Amazon-Route53-Health-Check-Service, GitLab's and others' own probes */
    "link preview", /* "Yahoo Link Preview", "Link preview bot for ..." */
    "linkpreview",  /* Chatwork LinkPreview, Orlo-LinkPreview */
    "urlpreview",   /* SnapURLPreview */
    "url preview",  /* Snap URL Preview Service */
    "uripreview",   /* SkypeUriPreview: Skype and Microsoft Teams */
    "fetcher",      /* Feedfetcher-Google, meta-externalfetcher, "NewsBlur Feed Fetcher" */
    " +http",       /* "(compatible; Name/1.0; +http://...)": how a robot gives its address */
    "+(compatible", /* "Mozilla/5.0+(compatible; ...": how some monitors write a blank */
    "unfurl",       /* ClickUpLinkUnfurler and others that "unfurl" links in chats */
    /* health checks of load balancers and orchestrators */
    "ELB-HealthChecker",   /* AWS Elastic Load Balancing, all kinds */
    "kube-probe",          /* Kubernetes: liveness, readiness and startup probes */
    "GoogleHC/",           /* Google Cloud Load Balancing */
    "Consul Health",       /* HashiCorp Consul's HTTP checks */
    "HAProxy",             /* HAProxy's httpchk, where it sends a name */
    "Envoy/HC",            /* Envoy's active health checks */
    "Edge Health Probe",   /* Azure Front Door */
    "Load Balancer Agent", /* Azure Load Balancer's HTTP probe */
    "Cloudflare-", /* Cloudflare-Traffic-Manager, Cloudflare-Healthchecks, Cloudflare-AutoRAG */
    /* uptime monitors, whose names have none of the words */
    "Pingdom",           /* Pingdom.com_bot and Pingdom's PTST/ browsers */
    "Better Stack",      /* Better Stack, formerly Better Uptime */
    "StatusCake",        /* StatusCake, also within a browser's User-Agent */
    "Site24x7",          /* Site24x7 of Zoho */
    "Datadog Agent",     /* the Datadog agent's http_check */
    "NewRelicPinger",    /* New Relic Synthetics: ping */
    "Checkly",           /* Checkly's API and browser checks */
    "Blackbox Exporter", /* Prometheus' prober */
    "Prometheus/",       /* Prometheus: it collects by the clock */
    "check_http",        /* Nagios, Icinga: the plugin check_http */
    "Zabbix",            /* Zabbix web scenarios and HTTP agents */
    "PRTG",              /* Paessler PRTG */
    "Catchpoint",        /* Catchpoint */
    "ThousandEyes",      /* Cisco ThousandEyes */
    "Uptrends",          /* Uptrends */
    "Dotcom-Monitor",    /* Dotcom-Monitor */
    "OhDear/",           /* Oh Dear */
    "NodePing",          /* NodePing */
    "updown.io",         /* updown.io's daemon */
    "Montastic",         /* Montastic */
    "Pulsetic",          /* Pulsetic */
    "SolarWinds",        /* SolarWinds Observability */
    "SiteMonitor",       /* LogicMonitor's and others' */
    "BinaryCanary",      /* Binary Canary */
    "CheckHost",         /* check-host.net */
    "Netumo",            /* Netumo */
    "wheresitup",        /* Where's it up */
    "HostTracker",       /* Host-Tracker */
    "Panopta",           /* Panopta, FortiMonitor */
    "cron-job.org",      /* cron-job.org, which calls a URL by the clock */
    /* link previews in chats and social networks, whose names have none of the words */
    "facebookexternalhit", /* Facebook, Instagram, and Apple's Messages, which borrows the name */
    "Facebot",             /* Facebook */
    "meta-external",       /* meta-externalagent, meta-externalfetcher */
    "Slack-ImgProxy",      /* Slack: the pictures of a preview */
    "WhatsApp/",           /* WhatsApp, which has no browser of its own */
    "MicrosoftPreview",    /* Microsoft Teams and Outlook */
    "BingPreview",         /* Bing's pictures of pages */
    "Google Web Preview",  /* Google's pictures of pages */
    "GoogleImageProxy",    /* Gmail: pictures in mails */
    "Embedly",             /* Embedly: Medium, Reddit and others */
    "Iframely",            /* Iframely: Atlassian and others */
    "vkShare",             /* VK */
    "kakaotalk-scrap",     /* KakaoTalk (its browser sends KAKAOTALK) */
    "FlipboardProxy",      /* Flipboard */
    "Mastodon/",           /* Mastodon's servers: each fetches what is posted */
    "github-camo",         /* GitHub: pictures in issues */
    "Discourse Forum Onebox", /* Discourse */
    /* crawlers, whose names have none of the words */
    "Googlebot",                /* with anything behind its name, or nothing */
    "Google-Safety",            /* Google: malware that was reported */
    "GoogleOther",              /* Google, for other purposes */
    "Google-InspectionTool",    /* Google Search Console */
    "APIs-Google",              /* Google's push notifications */
    "Mediapartners-Google",     /* Google AdSense */
    "Google-Site-Verification", /* Google: whether a site is its owner's */
    "Google-PageRenderer",      /* Google's pictures of pages */
    "facebookcatalog",          /* Facebook: shops' products */
    "ClaudeBot",                /* Anthropic; also without a version */
    "SemrushBot",               /* Semrush; also without a version */
    "yandex.com/bots",       /* YandexImages, YandexMetrika and others (its browser is YaBrowser) */
    "Siteimprove",           /* Siteimprove's link check */
    "Yahoo! Slurp",          /* Yahoo */
    "Yeti/",                 /* Naver */
    "ia_archiver",           /* the Internet Archive, Alexa */
    "archive.org",           /* archive.org_bot and its tools */
    "ChatGPT-User",          /* OpenAI, for a user's question */
    "Claude-User",           /* Anthropic, for a user's question */
    "Claude-Web",            /* Anthropic */
    "anthropic-ai",          /* Anthropic */
    "Perplexity-User",       /* Perplexity, for a user's question */
    "cohere-ai",             /* Cohere */
    "Scrapy/",               /* the framework Scrapy, unless told another name */
    "Nutch",                 /* the framework Apache Nutch */
    "heritrix",              /* the Internet Archive's crawler */
    "HTTrack",               /* copies whole sites */
    "Screaming Frog",        /* Screaming Frog SEO Spider */
    "CensysInspect",         /* Censys: what stands open on the internet */
    "Expanse, a Palo Alto",  /* Palo Alto's scan of the internet, a sentence as its name */
    "zgrab",                 /* the scanner ZGrab */
    "Nmap Scripting Engine", /* the scanner Nmap */
};

struct config_strings config_agents_default(struct arena *a)
{
    struct config_strings list = {arena_array(a, sizeof agents / sizeof agents[0], sizeof *agents),
                                  sizeof agents / sizeof agents[0]};

    memcpy(list.items, agents, sizeof agents);
    return list;
}
