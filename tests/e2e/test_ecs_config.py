"""What a stack on ECS takes from where it runs: metadata, its service, S3; and whence its credentials come."""

import json
import subprocess

import pytest

from stack import BIN, CLUSTER, PORT, TARGET, clean_environment, cloud_of, ecs_only, end_cloud, own_address, poll, run

pytestmark = ecs_only
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1a", "subnet-1b"], "securityGroups": ["sg-1a"],
                                   "assignPublicIp": "ENABLED"}}


@pytest.fixture
def cloud(folder):
    """A fake with the service that a mirage-ecs runs in; `inside` is the environment of its container."""
    aws = cloud_of(folder)
    aws.set_service("mirage", cluster=CLUSTER, networkConfiguration=NETWORK)
    aws.task_arn = aws.add_task(cluster=CLUSTER, group="service:mirage")
    metadata = aws.set_task_metadata("self", CLUSTER, aws.task_arn, "mirage")
    aws.inside = {"AWS_ENDPOINT_URL": aws.url, "ECS_CONTAINER_METADATA_URI_V4": metadata, "HOME": str(folder),
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.set_container_credentials("role", token="let me in"),
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}
    aws.outside = {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": aws.region, "HOME": str(folder)}
    yield aws
    end_cloud(folder)


# --- self-configuration -------------------------------------------------------------------------


def test_effective_configuration_with_nothing_but_a_domain(cloud):
    r = run("mirage-ecs", "-x", env={**cloud.inside, "MIRAGE_DOMAIN": ".dev.example.net"})
    assert r.returncode == 0, r.stderr
    for line in ('webapi: "mirage.dev.example.net"', 'region: "ap-northeast-1"', f'cluster: "{cloud_cluster(cloud)}"',
                 'subnets: ["subnet-1a", "subnet-1b"]', 'security_groups: ["sg-1a"]', 'assign_public_ip: "ENABLED"',
                 'launch_type: "FARGATE"', "enable_execute_command: true"):
        assert line in r.stdout, f"{line} is not in:\n{r.stdout}"


@pytest.mark.parametrize("named, region", [
    ({}, "ap-northeast-1"),
    ({"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
    ({"AWS_DEFAULT_REGION": "us-west-2", "AWS_REGION": "eu-west-1"}, "eu-west-1"),
    ({"AWS_REGION": ""}, "ap-northeast-1"),
    ({"AWS_PROFILE": "team"}, "ca-central-1"),
    ({"AWS_PROFILE": "team", "AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
])
def test_the_region_is_looked_for_in_this_order(cloud, folder, named, region):
    """docs/AWS.md: the environment, the profile, this task."""
    conf = folder / "subnets.yaml"  # so that no service is asked for them
    conf.write_text("ecs: {network_configuration: {awsvpc_configuration: {subnets: [subnet-x]}}}\n")
    profile_files(folder, config="[profile team]\nregion = ca-central-1\n")
    r = run("mirage-ecs", "-x", "-conf", conf, env={**cloud.inside, **named})
    assert r.returncode == 0 and f'region: "{region}"' in r.stdout, r.stderr + r.stdout


def cloud_cluster(aws):
    """As the metadata endpoint names it."""
    return json.loads(subprocess.run(
        ["curl", "-sf", aws.inside["ECS_CONTAINER_METADATA_URI_V4"] + "/task"],
        check=True, capture_output=True, timeout=10).stdout)["Cluster"]


def test_a_stack_with_nothing_but_a_domain_launches(cloud, new_stack, folder):
    cloud.register_task_definition("demo", ports=(TARGET,))
    address = own_address()
    s = new_stack(folder=folder, address=address, env=cloud.inside, session_token=None,
                  config=f"listen: {{foreign_address: {address}, http: [{{listen: {PORT}, target: {TARGET}}}]}}\n")
    s.launch("self", "demo")
    request = cloud.requests("ecs.RunTask", last=1)[0]["params"]
    assert request["networkConfiguration"] == NETWORK
    asked = cloud.calls()
    assert asked["metadata.TaskMetadata"]["count"] == 1, "mirage-ecs asks, and tells the others"
    assert asked["ecs.DescribeServices"]["count"] == 1


def test_what_the_file_says_is_not_asked_for(cloud, folder):
    conf = folder / "m.yaml"
    conf.write_text("ecs:\n  region: eu-west-1\n  cluster: other\n  network_configuration:\n"
                    "    awsvpc_configuration: {subnets: [subnet-mine]}\n")
    r = run("mirage-ecs", "-x", "-conf", conf, env=cloud.inside)
    assert r.returncode == 0 and 'region: "eu-west-1"' in r.stdout and 'cluster: "other"' in r.stdout, r.stderr
    assert 'subnets: ["subnet-mine"]' in r.stdout and not cloud.count("ecs.DescribeServices")


def test_started_by_hand_there_is_no_service_to_learn_from(cloud):
    cloud.change_task(cloud.task_arn, group="family:mirage")
    r = run("mirage-ecs", "-x", env=cloud.inside)
    assert r.returncode == 0 and "subnets: []" in r.stdout, r.stdout + r.stderr


@pytest.mark.parametrize("sets, subnets", [
    ([{"status": "ACTIVE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-old"]}}},
      {"status": "PRIMARY", "networkConfiguration": NETWORK}], '["subnet-1a", "subnet-1b"]'),
    ([], "[]")], ids=["in-its-task-set", "nowhere"])
def test_a_service_that_code_deploy_deploys(cloud, sets, subnets):
    cloud.set_service("blue", cluster=CLUSTER, deploymentController={"type": "CODE_DEPLOY"}, taskSets=sets)
    cloud.change_task(cloud.task_arn, group="service:blue")
    r = run("mirage-ecs", "-x", env=cloud.inside)
    assert r.returncode == 0 and f"subnets: {subnets}" in r.stdout, r.stdout + r.stderr
    warning = "the service blue, which this task belongs to, has no network configuration of its own; it is deployed " \
              "by CODE_DEPLOY"
    assert (warning in r.stderr) == (not sets), r.stderr
    assert sets or "ecs.network_configuration" in r.stderr


@pytest.mark.parametrize("operation, action", [
    ("ecs.DescribeTasks", "ecs:DescribeTasks"), ("ecs.DescribeServices", "ecs:DescribeServices")])
def test_what_the_role_must_allow_for_it(cloud, operation, action):
    cloud.fault(operation, "access_denied")
    r = run("mirage-ecs", "-t", env=cloud.inside)
    assert r.returncode == 1 and action in r.stderr and "ecs.network_configuration" in r.stderr, r.stderr


def test_metadata_that_does_not_answer(cloud):
    cloud.fault("metadata.TaskMetadata", "internal")
    r = run("mirage-ecs", "-t", env=cloud.inside)
    assert r.returncode == 1 and "where this task runs" in r.stderr and "/task" in r.stderr, r.stderr


@pytest.mark.parametrize("without, words", [
    ("AWS_REGION", ["AWS_REGION", "ecs.region", "-local"]), (None, ["ecs.cluster", "-local"])])
def test_neither_region_nor_cluster(cloud, folder, without, words):
    conf = folder / "m.yaml"
    conf.write_text("ecs: {cluster: mirage-tests}\n" if without else "{}\n")
    env = {k: v for k, v in cloud.outside.items() if k != without}
    r = run("mirage-ecs", "-conf", conf, "-state", folder / "state", env=env)
    assert r.returncode == 1 and all(w in r.stderr for w in words), r.stderr
    assert not (folder / "state").exists()


def test_a_region_that_is_none(cloud, folder):
    conf = folder / "m.yaml"
    conf.write_text("ecs: {cluster: mirage-tests, region: 'evil.example.net/'}\n")
    r = run("mirage-ecs", "-conf", conf, "-state", folder / "state", env=cloud.outside)
    assert r.returncode == 1 and "is no AWS region" in r.stderr, r.stderr


# --- S3 -----------------------------------------------------------------------------------------


@pytest.fixture
def bucket(cloud):
    cloud.create_bucket("conf-bucket")
    cloud.outside.update(cloud.environment())
    return cloud


@pytest.mark.parametrize("key", ["a folder/mirage+1 \u00e4~(x).yaml", "a//b.yaml", "/a.yaml", "a/...b/.c.yaml",
                                 "a%2Fb.yaml", "a:b=c&d,e;f*g'h!.yaml", "a?b#c.yaml", "a\\b@$[].yaml"])
def test_configuration_from_s3(bucket, key):
    bucket.put_object("conf-bucket", key, "host: {webapi: from-s3.example.net}\n")
    r = run("mirage-ecs", "-x", "-conf", f"s3://conf-bucket/{key}", env=bucket.outside)
    assert r.returncode == 0 and 'webapi: "from-s3.example.net"' in r.stdout, r.stderr


def test_a_bucket_in_another_region_is_followed(bucket):
    """What S3 answers names the region, and it is asked again there, once."""
    bucket.put_object("conf-bucket", "m.yaml", "host: {webapi: from-s3.example.net}\n")
    elsewhere = {**bucket.outside, "AWS_REGION": "eu-west-1"}
    r = run("mirage-ecs", "-x", "-conf", "s3://conf-bucket/m.yaml", env=elsewhere)
    assert r.returncode == 0 and 'webapi: "from-s3.example.net"' in r.stdout, r.stderr
    bucket.reset_violations()  # the fake takes the first signature for a mistake
    assert bucket.count("s3.GetObject") == 2


@pytest.mark.parametrize("region, asked", [("eu-west-1", 2), ("no region", 1), ("ap-northeast-1", 1)])
def test_a_redirection_of_s3_names_the_region(bucket, region, asked):
    bucket.put_object("conf-bucket", "m.yaml", "host: {}\n")
    bucket.fault("s3.GetObject", "error", code="PermanentRedirect", status=301, count=1, message="elsewhere",
                 headers={"x-amz-bucket-region": region})
    r = run("mirage-ecs", "-x", "-conf", "s3://conf-bucket/m.yaml", env=bucket.outside)
    bucket.reset_violations()
    assert r.returncode == 1 and bucket.count("s3.GetObject") == asked, r.stderr
    assert ("the region 'eu-west-1' is wrong" if asked == 2 else "PermanentRedirect: elsewhere") in r.stderr, r.stderr


def test_mistakes_in_it_have_its_name_and_line(bucket):
    bucket.put_object("conf-bucket", "m.yaml", "host:\n  webapi: [a]\n")
    r = run("mirage-ecs", "-t", "-conf", "s3://conf-bucket/m.yaml", env=bucket.outside)
    assert r.returncode == 1 and "s3://conf-bucket/m.yaml:2: host.webapi: " in r.stderr, r.stderr


@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-api", "mirage-sync", "mirage-purge", "mirage-proxyd"])
def test_every_program_reads_it_alone(bucket, program):
    bucket.put_object("conf-bucket", "m.yaml", "host: {webapi: from-s3.example.net}\n")
    r = run(program, "-x", env={**bucket.outside, "MIRAGE_CONF": "s3://conf-bucket/m.yaml"})
    assert r.returncode == 0 and "from-s3.example.net" in r.stdout, r.stderr


@pytest.mark.parametrize("url, words", [
    ("s3://conf-bucket/missing.yaml", ["s3://conf-bucket/missing.yaml", "NoSuchKey", "is its name right"]),
    ("s3://no-such-bucket/m.yaml", ["s3://no-such-bucket/m.yaml", "NoSuchBucket", "is its name right"]),
    ("s3://conf-bucket/denied.yaml", ["s3://conf-bucket/denied.yaml", "AccessDenied", "s3:GetObject"]),
    ("s3://conf-bucket/a/../m.yaml", ["s3://conf-bucket/a/../m.yaml", "'.' or '..'"]),
    ("s3://conf-bucket", ["s3://conf-bucket", "expected s3://bucket/key"]),
    ("s3://Not_A_Bucket/x", ["s3://Not_A_Bucket/x", "no name of a bucket"]),
])
@pytest.mark.parametrize("program", ["mirage-ecs", "mirage-proxyd"])
def test_configuration_that_cannot_be_read(bucket, program, url, words):
    bucket.deny_object("conf-bucket", "denied.yaml")
    r = run(program, "-conf", url, env=bucket.outside)
    assert r.returncode == 1 and all(w in r.stderr for w in words), r.stderr


@pytest.fixture
def s3_stack(bucket, new_stack, folder):
    """A stack whose htmldir is in S3."""
    def start(**kwargs):
        return new_stack(folder=folder, env=bucket.outside,
                         change=lambda c: c.update(htmldir="s3://conf-bucket/html"), **kwargs)
    return start


def put_templates(aws, **changed):
    for path in (BIN.parent / "share/mirage-ecs/html").glob("*.html"):
        aws.put_object("conf-bucket", f"html/{path.name}", changed.get(path.stem, path.read_text()))


def test_templates_from_s3(bucket, s3_stack):
    put_templates(bucket, layout="<p>our own layout</p>")
    bucket.put_object("conf-bucket", "html/", "")
    bucket.put_object("conf-bucket", "html/parts/more.html", "below")
    bucket.set_page_size("s3.ListObjectsV2", 2)
    s = s3_stack()
    assert "our own layout" in s.api("GET", "/").text
    assert (s.state / "run/html/parts/more.html").read_text() == "below"
    assert bucket.count("s3.GetObject") == len(list((BIN.parent / "share/mirage-ecs/html").glob("*.html"))) + 1


def test_t_asks_for_no_templates(bucket, folder):
    """A configuration can be checked where there are no credentials."""
    conf = folder / "m.yml"
    conf.write_text("htmldir: s3://conf-bucket/none/\n")
    r = run("mirage-ecs", "-t", "-conf", conf, "-state", folder / "s", env=bucket.outside)
    assert r.returncode == 0 and not bucket.count("s3.*") and not (folder / "s").exists(), r


def test_names_that_would_leave_the_folder_are_passed_over(bucket, s3_stack, folder):
    put_templates(bucket)
    bucket.put_object("conf-bucket", "html/../../../evil.html", "x")
    bucket.put_object("conf-bucket", "html//absolute.html", "x")
    s = s3_stack()
    assert s.api("GET", "/").status == 200
    assert not list(folder.rglob("evil.html")) and not list(folder.rglob("absolute.html"))


def test_templates_that_may_not_be_listed(bucket, s3_stack):
    bucket.fault("s3.ListObjectsV2", "access_denied", message="no", code="AccessDenied")
    status, said = s3_stack(start=False).wait_refused()
    assert status == 1 and "htmldir: s3://conf-bucket/html/" in said and "s3:ListBucket" in said, said


# --- credentials --------------------------------------------------------------------------------


def fetch(aws, env):
    """The simplest signed call: whether these credentials are found and taken."""
    return run("mirage-ecs", "-print-object", "s3://conf-bucket/hello", env={**aws.outside, **env})


@pytest.fixture
def hello(cloud):
    cloud.create_bucket("conf-bucket")
    cloud.put_object("conf-bucket", "hello", "hello from s3")
    return cloud


def profile_files(folder, *, config="", credentials=""):
    (folder / ".aws").mkdir(exist_ok=True)
    (folder / ".aws/config").write_text(config)
    (folder / ".aws/credentials").write_text(credentials)


def source_environment(aws, folder):
    return aws.environment(session_token=True)


def source_environment_without_token(aws, folder):
    return aws.environment(session_token=False)


def source_credentials_file(aws, folder):
    profile_files(folder, credentials="[default]\naws_access_key_id = {access_key}\n"
                  "aws_secret_access_key={secret_key}\n".format(**aws.user))
    return {}


def source_named_profile(aws, folder):
    profile_files(folder, config="[default]\nregion = nowhere-1\n[profile team]\n  \n# a comment\n"
                  "aws_access_key_id={access_key}\naws_secret_access_key={secret_key}\n"
                  "aws_session_token = {token}\n".format(**aws.role))
    return {"AWS_PROFILE": "team"}


def source_process(aws, folder):
    answer = folder / "answer.json"
    answer.write_text(json.dumps({"Version": 1, "AccessKeyId": aws.role["access_key"],
                                  "SecretAccessKey": aws.role["secret_key"], "SessionToken": aws.role["token"],
                                  "Expiration": "2099-01-01T00:00:00Z"}))
    profile_files(folder, config=f"[default]\ncredential_process = cat {answer}\n")
    return {}


def source_web_identity(aws, folder):
    aws.set_web_identity("a.web.token")
    (folder / "token").write_text("a.web.token\n")
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web"}


def source_container(aws, folder):
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.set_container_credentials("a", token="let me in"),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in"}


def source_container_with_token_file(aws, folder):
    (folder / "auth").write_text("from a file\n")
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": aws.set_container_credentials("b", token="from a file"),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(folder / "auth")}


def source_instance(aws, folder):
    aws.set_instance(role="node")
    return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": aws.metadata_url}


SOURCES = [f for name, f in sorted(globals().items()) if name.startswith("source_")]


@pytest.mark.parametrize("source", SOURCES, ids=lambda f: f.__name__.removeprefix("source_"))
def test_source(hello, folder, source):
    r = fetch(hello, source(hello, folder))
    assert (r.returncode, r.stdout) == (0, "hello from s3"), r.stderr


def test_the_environment_comes_first(hello, folder):
    profile_files(folder, credentials="[default]\naws_access_key_id=x\naws_secret_access_key=y\n")
    assert fetch(hello, {**source_container(hello, folder), **hello.environment()}).returncode == 0
    assert hello.requests("s3.GetObject", last=1)[0]["access_key"] == hello.role["access_key"]


def test_the_region_of_a_profile_and_of_an_instance(hello, folder):
    del hello.outside["AWS_REGION"]
    profile_files(folder, config=f"[profile team]\nregion={hello.region}\n")
    keys = {k: v for k, v in hello.environment().items() if k != "AWS_REGION"}
    assert fetch(hello, {**keys, "AWS_PROFILE": "team"}).stdout == "hello from s3"
    assert fetch(hello, {**keys, **source_instance(hello, folder)}).stdout == "hello from s3"


@pytest.mark.parametrize("env, words", [
    ({}, ["no AWS credentials", "AWS_ACCESS_KEY_ID", "container", "taskRoleArn"]),
    ({"AWS_ACCESS_KEY_ID": "AKIA"}, ["AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not"]),
    ({"AWS_PROFILE": "nobody"}, ["AWS_PROFILE", "'nobody'"]),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"}, ["/nonexistent"]),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, ["AWS_ROLE_ARN is not"]),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example.net/creds"}, ["expected https, or this host"]),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost@evil.example.net/"}, ["expected https, or this host"]),
    ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN", "AWS_SECRET_ACCESS_KEY": "x"}, ["S3 GetObject", "InvalidAccessKeyId"]),
])
def test_what_is_wrong_with_them_is_said(hello, env, words):
    r = fetch(hello, env)
    assert r.returncode == 1 and all(w in r.stderr for w in words), r.stderr


def test_a_wrong_secret_points_at_clock_and_key(hello):
    keys = {**hello.environment(session_token=False), "AWS_SECRET_ACCESS_KEY": "wrong"}
    r = fetch(hello, keys)
    assert r.returncode == 1 and "SignatureDoesNotMatch" in r.stderr and "clock" in r.stderr, r.stderr
    assert [v["kind"] for v in hello.violations()] == ["signature"]
    hello.reset_violations()


def test_web_identity_that_is_refused(hello, folder):
    env = source_web_identity(hello, folder)
    (folder / "token").write_text("another token")
    r = fetch(hello, env)
    assert r.returncode == 1 and "STS AssumeRoleWithWebIdentity: " in r.stderr, r.stderr
    assert "another token" not in r.stderr


def test_container_credentials_with_a_wrong_token(hello, folder):
    env = {**source_container(hello, folder), "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a wrong one"}
    r = fetch(hello, env)
    assert r.returncode == 1 and "container" in r.stderr and "status 4" in r.stderr, r.stderr
    assert "a wrong one" not in r.stderr


def test_credentials_are_renewed_before_they_expire(cloud, new_stack, folder):
    """They live for a minute and a few seconds: at once too short to keep; every pass of sync goes on all the same."""
    cloud.inside["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = cloud.set_container_credentials(
        "short", token="let me in", lifetime=63)
    s = new_stack(folder=folder, env=cloud.inside, session_token=None, options=["-log-level", "debug"])
    s.launch("renewed", "demo")
    poll(lambda: len({r["access_key"] for r in cloud.requests("ecs.ListTasks")}) >= 3, 60, "renewed twice")
    assert s.env("renewed").status == 200
    assert not [r for r in cloud.requests() if r["status"] and r["status"] >= 400]
    said = s.log_path.read_text()
    assert "let me in" not in said
    for r in cloud.requests():
        if r["access_key"]:
            assert r["access_key"] not in said


def test_refused_credentials_are_fetched_anew(cloud, new_stack, folder):
    s = new_stack(folder=folder, env=cloud.inside, session_token=None)
    s.launch("anew", "demo")
    first = cloud.requests("ecs.RunTask", last=1)[0]["access_key"]
    cloud.expire_credentials(access_key=first)
    s.launch("anew2", "demo")
    assert cloud.requests("ecs.RunTask", last=1)[0]["access_key"] != first


def test_programs_that_run_alone_keep_to_the_same(hello):
    """mirage-proxyd asks AWS for nothing."""
    r = subprocess.run([BIN / "mirage-proxyd", "-x"], capture_output=True, text=True, timeout=20,
                       env=clean_environment(**hello.inside))
    assert r.returncode == 0, r.stderr
    assert not hello.count("metadata.TaskMetadata")


OPERATIONS = {
    "ecs.RunTask", "ecs.DescribeTasks", "ecs.DescribeTaskDefinition", "ecs.DescribeServices", "ecs.StopTask", "ecs.ListTasks",
    "cloudwatch.PutMetricData", "cloudwatch.GetMetricData", "logs.GetLogEvents", "route53.GetHostedZone",
    "route53.ChangeResourceRecordSets", "s3.GetObject", "s3.ListObjectsV2", "metadata.TaskMetadata"}


@pytest.mark.parametrize("session_token", [True, False])
def test_every_operation_with_and_without_a_session_token(bucket, new_stack, folder, session_token):
    put_templates(bucket)
    bucket.create_hosted_zone("Z1ABC", "dev.test")
    bucket.register_task_definition("demo", ports=(TARGET,))
    address = own_address()
    bucket.put_object("conf-bucket", "m.yaml", json.dumps({
        "listen": {"foreign_address": address, "http": [{"listen": PORT, "target": TARGET}]},
        "htmldir": "s3://conf-bucket/html", "link": {"hosted_zone_id": "Z1ABC"}}))
    bucket.reset_calls()
    s = new_stack(folder=folder, address=address, session_token=session_token, config="{}", env={
        "ECS_CONTAINER_METADATA_URI_V4": bucket.inside["ECS_CONTAINER_METADATA_URI_V4"]},
        options=["-conf", "s3://conf-bucket/m.yaml"])
    s.launch("one", "demo")
    assert s.api("GET", "/api/logs?subdomain=one").status == s.api("GET", "/api/access?subdomain=one").status == 200
    poll(lambda: any(r["Type"] == "A" for r in bucket.records("Z1ABC")), 10, "its record exists")
    poll(lambda: bucket.count("cloudwatch.PutMetricData"), 80, "a minute is reported")
    s.terminate("one")
    poll(lambda: not any(r["Type"] == "A" for r in bucket.records("Z1ABC")), 10, "its record is gone")
    assert OPERATIONS <= set(bucket.calls()), OPERATIONS - set(bucket.calls())
    keys = (bucket.role if session_token else bucket.user)["access_key"]
    assert {r["access_key"] for r in bucket.requests()} <= {keys, None}
