"""Tables for test_proxy_exchanges.py: what a client sends and what its task receives, what a task
answers and what the client receives, each to the byte. `OWN` stands for the lines that the proxy adds
for a request to e.localhost, `FOR` for the client's address."""

OWN = b"<own>"
FOR = b"<for>"
HOST = b"Host: e.localhost\r\n"
WEBSOCKET = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def request(line, *fields, body=b"", host=HOST):
    return line + b" HTTP/1.1\r\n" + host + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


def chunked(*lines):
    return request(b"POST /", b"Transfer-Encoding: chunked", body=b"\r\n".join(lines))


def posted(*chunks, fields=b""):
    """What a task gets for chunked()."""
    return (b"POST / HTTP/1.1\r\n" + HOST + OWN + b"Transfer-Encoding: chunked\r\n\r\n"
            + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n" + fields + b"\r\n")


def get(line=b"GET /", *fields, host=HOST):
    return line + b" HTTP/1.1\r\n" + host + b"".join(f + b"\r\n" for f in fields) + OWN + b"\r\n"


# what is sent → what the task receives
FORWARDED = {
    "a plain request": (request(b"GET /"), get()),
    "a query passes as it is": (request(b"GET /?a=%2f&b=c+d"), get(b"GET /?a=%2f&b=c+d")),
    "a second question mark is the query's": (request(b"GET /a?b?c"), get(b"GET /a?b?c")),
    "dots in a path are not resolved": (request(b"GET /a/../b/./c"), get(b"GET /a/../b/./c")),
    "slashes are not merged": (request(b"GET //a///b"), get(b"GET //a///b")),
    "an encoded NUL is only text": (request(b"GET /%00"), get(b"GET /%00")),
    "an encoded CRLF is only text": (request(b"GET /%0d%0aX:y"), get(b"GET /%0d%0aX:y")),
    "a half percent sign is only text": (request(b"GET /%"), get(b"GET /%")),
    "quotes and braces pass": (request(b"GET /\"<>\\^`{|}"), get(b"GET /\"<>\\^`{|}")),
    "a colon in the path": (request(b"GET /a:80"), get(b"GET /a:80")),
    "an at sign in the path": (request(b"GET /@other.localhost/"), get(b"GET /@other.localhost/")),
    "a URL in the path": (request(b"GET /http://other.localhost/"),
                          get(b"GET /http://other.localhost/")),
    "an absolute target becomes a path": (request(b"GET http://e.localhost/a"), get(b"GET /a")),
    "an absolute target of https": (request(b"GET https://e.localhost/a"), get(b"GET /a")),
    "an absolute target in capitals": (request(b"GET HTTP://E.LOCALHOST/a"), get(b"GET /a")),
    "an absolute target without path": (request(b"GET http://e.localhost"), get(b"GET /")),
    "an absolute target with a query alone": (request(b"GET http://e.localhost?a"), get(b"GET /?a")),
    "an absolute OPTIONS without path": (request(b"OPTIONS http://e.localhost"), get(b"OPTIONS *")),
    "OPTIONS of the server": (request(b"OPTIONS *"), get(b"OPTIONS *")),
    "a method nobody knows": (request(b"BREW /pot"), get(b"BREW /pot")),
    "a method in small letters is another": (request(b"get /"), get(b"get /")),
    "a method of signs": (request(b"!#$%&'*+-.^_`|~ /"), get(b"!#$%&'*+-.^_`|~ /")),
    "a method of 32 letters": (request(b"M" * 32 + b" /"), get(b"M" * 32 + b" /")),
    "TRACE passes": (request(b"TRACE /"), get(b"TRACE /")),
    "a body of TRACE is framed": (request(b"TRACE /", b"Content-Length: 1", body=b"x"),
                                  b"TRACE / HTTP/1.1\r\n" + HOST + OWN
                                  + b"Content-Length: 1\r\n\r\nx"),
    "an empty line before": (b"\r\n" + request(b"GET /"), get()),
    "two empty lines before": (b"\r\n\r\n" + request(b"GET /"), get()),
    "a host in capitals": (request(b"GET /", host=b"Host: E.LOCALHOST\r\n"),
                           b"GET / HTTP/1.1\r\nHost: E.LOCALHOST\r\n" + OWN.replace(b"own", b"caps")
                           + b"\r\n"),
    "a value without a space": (request(b"GET /", b"X:y"), get(b"GET /", b"X:y")),
    "a value with tabs around": (request(b"GET /", b"X:\ty\t"), get(b"GET /", b"X:\ty\t")),
    "an empty value": (request(b"GET /", b"X:"), get(b"GET /", b"X:")),
    "a value of bytes above 127": (request(b"GET /", b"X: \xff\x80"), get(b"GET /", b"X: \xff\x80")),
    "a colon in a value": (request(b"GET /", b"X: a: b"), get(b"GET /", b"X: a: b")),
    "a field twice stays twice": (request(b"GET /", b"X: 1", b"X: 2"), get(b"GET /", b"X: 1", b"X: 2")),
    "a name of signs": (request(b"GET /", b"!#$%&'*+-.^_`|~: x"), get(b"GET /", b"!#$%&'*+-.^_`|~: x")),
    "what CGI takes for the framing stops here": (
        request(b"GET /", b"Content_Length: 9", b"TRANSFER.ENCODING: x", b"X_Y: 1"), get(b"GET /", b"X_Y: 1")),
    "what CGI takes for a field of ours stops here": (
        request(b"GET /", b"X_Forwarded-For: 6.6.6.6", b"Proxy_Authorization: x", b"Keep~Alive: 1"), get()),
    "Connection cannot take away where a request comes from": (
        request(b"GET /", b"Connection: X-Forwarded-Port, Origin, Sec-Fetch-Site, Referer, If-Match, Authorization",
                b"Origin: http://a", b"Sec-Fetch-Site: cross-site", b"Referer: http://a/", b"If-Match: x",
                b"Authorization: y", b"X-Forwarded-Port: 1"),
        get(b"GET /", b"Origin: http://a", b"Sec-Fetch-Site: cross-site", b"Referer: http://a/", b"If-Match: x",
            b"Authorization: y", b"X-Forwarded-Port: 1")),
    "Forwarded stops here": (request(b"GET /", b"Forwarded: for=6.6.6.6"), get()),
    "Proxy is HTTP_PROXY for CGI": (request(b"GET /", b"Proxy: http://6.6.6.6/"), get()),
    "Keep-Alive stops here": (request(b"GET /", b"Keep-Alive: timeout=5"), get()),
    "TE stops here": (request(b"GET /", b"TE: trailers", b"Connection: TE"), get()),
    "Proxy-Connection stops here": (request(b"GET /", b"Proxy-Connection: close"), get()),
    "Proxy-Authorization stops here": (request(b"GET /", b"Proxy-Authorization: Basic eA=="), get()),
    "Upgrade alone stops here": (request(b"GET /", b"Upgrade: h2c"), get()),
    "HTTP2-Settings named by Connection stops here": (
        request(b"GET /", b"Connection: HTTP2-Settings", b"HTTP2-Settings: AAA"), get()),
    "what Connection names stops here": (request(b"GET /", b"X-A: 1", b"Connection: x-a", b"X-B: 2"),
                                         get(b"GET /", b"X-B: 2")),
    "what two Connection fields name": (
        request(b"GET /", b"Connection: x-a", b"X-A: 1", b"X-B: 2", b"Connection: , x-b ,"), get()),
    "Connection cannot take the host away": (request(b"GET /", b"Connection: host"), get()),
    "Connection cannot take cookies away": (request(b"GET /", b"Connection: cookie", b"Cookie: a=b"),
                                            get(b"GET /", b"Cookie: a=b")),
    "Connection cannot take a length away": (
        request(b"POST /", b"Connection: content-length", b"Content-Length: 1", body=b"x"),
        b"POST / HTTP/1.1\r\n" + HOST + OWN + b"Content-Length: 1\r\n\r\nx"),
    "Connection cannot take chunks away": (
        request(b"POST /", b"Connection: transfer-encoding", b"Transfer-Encoding: chunked",
                body=b"1\r\nx\r\n0\r\n\r\n"), posted(b"x")),
    "Trailer passes": (request(b"GET /", b"Trailer: X"), get(b"GET /", b"Trailer: X")),
    "Expect passes": (request(b"POST /", b"Expect: 100-continue", b"Content-Length: 1", body=b"x"),
                      b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n" + OWN
                      + b"Content-Length: 1\r\n\r\nx"),
    "a length of zero": (request(b"POST /", b"Content-Length: 0"),
                         b"POST / HTTP/1.1\r\n" + HOST + OWN + b"Content-Length: 0\r\n\r\n"),
    "a length with zeros before it": (request(b"POST /", b"Content-Length: 0003", body=b"abc"),
                                      b"POST / HTTP/1.1\r\n" + HOST + OWN
                                      + b"Content-Length: 3\r\n\r\nabc"),
    "a GET with a body": (request(b"GET /", b"Content-Length: 3", body=b"abc"),
                          b"GET / HTTP/1.1\r\n" + HOST + OWN + b"Content-Length: 3\r\n\r\nabc"),
    "a body that looks like a request": (
        request(b"POST /", b"Content-Length: 18", body=b"GET / HTTP/1.1\r\n\r\n"),
        b"POST / HTTP/1.1\r\n" + HOST + OWN + b"Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    "chunked in capitals": (request(b"POST /", b"TRANSFER-ENCODING: CHUNKED",
                                    body=b"1\r\nx\r\n0\r\n\r\n"), posted(b"x")),
    "no chunk but the last": (chunked(b"0", b"", b""), posted()),
    "chunks become one": (chunked(b"1", b"a", b"2", b"bc", b"0", b"", b""), posted(b"abc")),
    "a size in capitals": (chunked(b"A", b"0123456789", b"0", b"", b""), posted(b"0123456789")),
    "a size with zeros before it": (chunked(b"0000001", b"a", b"0", b"", b""), posted(b"a")),
    "a last chunk of many zeros": (chunked(b"1", b"a", b"0000", b"", b""), posted(b"a")),
    "an extension is dropped": (chunked(b"1;a", b"x", b"0;b=c", b"", b""), posted(b"x")),
    "an extension in quotes is dropped": (chunked(b'1;a="b;c\\"d"', b"x", b"0", b"", b""),
                                          posted(b"x")),
    "a chunk of CRLF": (chunked(b"2", b"\r\n", b"0", b"", b""), posted(b"\r\n")),
    "a chunk that looks like the last": (chunked(b"5", b"0\r\n\r\n", b"0", b"", b""),
                                         posted(b"0\r\n\r\n")),
    "a trailer passes": (chunked(b"1", b"x", b"0", b"X-Sum: 1", b"", b""),
                         posted(b"x", fields=b"X-Sum: 1\r\n")),
    "a trailer cannot frame": (chunked(b"1", b"x", b"0", b"Content-Length: 5",
                                       b"Transfer-Encoding: x", b"X: y", b"", b""),
                               posted(b"x", fields=b"X: y\r\n")),
    "a trailer cannot authorize": (chunked(b"1", b"x", b"0", b"Authorization: x", b"Cookie: a",
                                           b"Host: other", b"", b""), posted(b"x")),
    "a trailer cannot say whom it is for": (chunked(b"1", b"x", b"0", b"X-Forwarded-For: 1.1.1.1",
                                                    b"", b""), posted(b"x")),
    "X-Forwarded-For is added to": (
        request(b"GET /", b"X-Forwarded-For: 192.0.2.1"),
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 192.0.2.1, " + FOR
        + b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: e.localhost\r\n\r\n"),
    "two X-Forwarded-For become one": (
        request(b"GET /", b"X-Forwarded-For: a", b"X-Forwarded-For: b, c"),
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: a, b, c, " + FOR
        + b"\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: e.localhost\r\n\r\n"),
    "X-Forwarded-Proto and -Host stay": (
        request(b"GET /", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: a"),
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\n"
        b"X-Forwarded-For: " + FOR + b"\r\n\r\n"),
    "HTTP/1.0 becomes 1.1": (b"GET /a HTTP/1.0\r\n" + HOST + b"\r\n", get(b"GET /a")),
    "HTTP/1.0 with a body": (b"POST / HTTP/1.0\r\n" + HOST + b"Content-Length: 1\r\n\r\nx",
                             b"POST / HTTP/1.1\r\n" + HOST + OWN + b"Content-Length: 1\r\n\r\nx"),
    "HTTP/1.0 gets a Host": (b"GET http://e.localhost/a HTTP/1.0\r\nX: y\r\n\r\n",
                             b"GET /a HTTP/1.1\r\nX: y\r\n" + HOST + OWN + b"\r\n"),
    "HTTP/1.0 cannot upgrade": (
        b"GET / HTTP/1.0\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n", get()),
    "an upgrade": (request(b"GET /", b"Connection: Upgrade, X-A", b"X-A: 1", b"Upgrade: WebSocket"),
                   b"GET / HTTP/1.1\r\n" + HOST + OWN + WEBSOCKET),
    "of two protocols WebSocket goes on": (
        request(b"GET /", b"Upgrade: h2c, websocket", b"Connection: upgrade"),
        b"GET / HTTP/1.1\r\n" + HOST + OWN + WEBSOCKET),
    "HTTP/2 is not upgraded to": (
        request(b"GET /", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAA"), get()),
    "TLS is not upgraded to": (request(b"GET /", b"Connection: Upgrade", b"Upgrade: TLS/1.0, HTTP/1.1"), get()),
    "HTTP2-Settings stops here": (request(b"GET /", b"HTTP2-Settings: AAA"), get()),
}


def answer(status, *fields, body=b""):
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


OK0 = answer(b"200 OK", b"Content-Length: 0")

# method, what the task sends (and then it closes), what the client gets; None: 502
ANSWERED = {
    "by length": (b"GET", answer(b"200 OK", b"Content-Length: 2", body=b"ab"), ...),
    "an empty one": (b"GET", OK0, ...),
    "zeros before a length": (b"GET", answer(b"200 OK", b"Content-Length: 002", body=b"ab"),
                              answer(b"200 OK", b"Content-Length: 2", body=b"ab")),
    "by chunks": (b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n0\r\n\r\n"),
                  ...),
    "chunks with an extension": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2;a=b\r\nab\r\n0;c\r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n0\r\n\r\n")),
    "chunks with a trailer": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nX: y\r\n\r\n"), ...),
    "a trailer that frames is dropped": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nContent-Length: 3\r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "a trailer that sets a cookie is dropped": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nSet-Cookie: a\r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "until the end": (b"GET", answer(b"200 OK", body=b"abc"),
                      answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")),
    "HTTP/1.0 until the end": (
        b"GET", b"HTTP/1.0 200 OK\r\n\r\nabc",
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n")),
    "HTTP/1.0 by length": (b"GET", b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
                           answer(b"200 OK", b"Content-Length: 1", body=b"a")),
    "no reason": (b"GET", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", answer(b"200 ", b"Content-Length: 0")),
    "a reason of many words": (b"GET", answer(b"404 It Is Not Here", b"Content-Length: 0"), ...),
    "a HEAD with a length": (b"HEAD", answer(b"200 OK", b"Content-Length: 5"), ...),
    "a HEAD with chunks": (b"HEAD", answer(b"200 OK", b"Transfer-Encoding: chunked"), answer(b"200 OK")),
    "a HEAD with nothing": (b"HEAD", answer(b"200 OK"), ...),
    "a HEAD with a body nobody asked for": (
        b"HEAD", answer(b"200 OK", b"Content-Length: 3", body=b"abc"),
        answer(b"200 OK", b"Content-Length: 3")),
    "a 204": (b"GET", answer(b"204 No Content"), ...),
    "a 204 with a length of zero": (b"GET", answer(b"204 No Content", b"Content-Length: 0"),
                                    answer(b"204 No Content")),
    "a 204 with a body nobody may send": (b"GET", answer(b"204 No Content", body=b"abc"),
                                          answer(b"204 No Content")),
    "a 304": (b"GET", answer(b"304 Not Modified", b"ETag: \"a\""), ...),
    "a 304 with a length": (b"GET", answer(b"304 Not Modified", b"Content-Length: 7"), ...),
    "an interim answer": (b"GET", answer(b"103 Early Hints", b"Link: </a>") + OK0, ...),
    "three interim answers": (b"GET", (answer(b"102 Processing") * 3) + OK0, ...),
    "an interim answer loses its connection fields": (
        b"GET", answer(b"103 Early Hints", b"Connection: x", b"X: y") + OK0,
        answer(b"103 Early Hints") + OK0),
    "Keep-Alive stops here": (b"GET", answer(b"200 OK", b"Keep-Alive: timeout=1", b"Content-Length: 0"), OK0),
    "what Connection names stops here": (
        b"GET", answer(b"200 OK", b"Connection: x-a", b"X-A: b", b"Content-Length: 0"), OK0),
    "its close is not the client's": (
        b"GET", answer(b"200 OK", b"Connection: close", b"Content-Length: 0"), OK0),
    "an Upgrade nobody asked for stops here": (
        b"GET", answer(b"200 OK", b"Upgrade: h2c", b"Content-Length: 0"), OK0),
    "Set-Cookie twice stays twice": (
        b"GET", answer(b"200 OK", b"Set-Cookie: a", b"Set-Cookie: b", b"Content-Length: 0"), ...),
    "bytes above 127 in a value": (b"GET", answer(b"200 OK", b"X: \xe4\xf6", b"Content-Length: 0"), ...),
    "bytes behind it are nobody's": (b"GET", OK0 + b"rest", OK0),
    "a status of 599": (b"GET", answer(b"599 ?", b"Content-Length: 0"), ...),
    "a status of 600": (b"GET", answer(b"600 ?", b"Content-Length: 0"), None),
    "a status of 99": (b"GET", answer(b"099 ?", b"Content-Length: 0"), None),
    "a status of two digits": (b"GET", answer(b"20 OK", b"Content-Length: 0"), None),
    "a status of four digits": (b"GET", answer(b"2000 OK", b"Content-Length: 0"), None),
    "no status": (b"GET", b"HTTP/1.1 OK\r\n\r\n", None),
    "HTTP/1.2": (b"GET", b"HTTP/1.2 200 OK\r\n\r\n", None),
    "HTTP/0.9": (b"GET", b"<html>", None),
    "ICY": (b"GET", b"ICY 200 OK\r\n\r\n", None),
    "an empty line before": (b"GET", b"\r\n" + OK0, None),
    "a space before": (b"GET", b" " + OK0, None),
    "a bare LF": (b"GET", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", None),
    "a bare CR in a value": (b"GET", answer(b"200 OK", b"X: a\rb", b"Content-Length: 0"), None),
    "a NUL in the reason": (b"GET", answer(b"200 O\0K", b"Content-Length: 0"), None),
    "a space before the colon": (b"GET", answer(b"200 OK", b"X : y", b"Content-Length: 0"), None),
    "a folded line": (b"GET", answer(b"200 OK", b"X: y", b" z", b"Content-Length: 0"), None),
    "no name": (b"GET", answer(b"200 OK", b": y", b"Content-Length: 0"), None),
    "two lengths that agree": (b"GET", answer(b"200 OK", b"Content-Length: 0", b"Content-Length: 0"), OK0),
    "a list of lengths that agree": (b"GET", answer(b"200 OK", b"Content-Length: 0, 0"), OK0),
    "two lengths that agree, to HEAD": (
        b"HEAD", answer(b"200 OK", b"Content-Length: 7", b"Content-Length: 7"), answer(b"200 OK", b"Content-Length: 7")),
    "two lengths that differ": (b"GET", answer(b"200 OK", b"Content-Length: 0", b"Content-Length: 1"), None),
    "padded chunk sizes": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2  \r\nab\r\n0 \r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n0\r\n\r\n")),
    "a negative length": (b"GET", answer(b"200 OK", b"Content-Length: -1"), None),
    "a length of 64 bits": (b"GET", answer(b"200 OK", b"Content-Length: 18446744073709551615"), None),
    "length and chunks": (b"GET", answer(b"200 OK", b"Content-Length: 5", b"Transfer-Encoding: chunked",
                                         body=b"0\r\n\r\n"), None),
    "an unknown coding": (b"GET", answer(b"200 OK", b"Transfer-Encoding: gzip, chunked"), None),
    "chunks in HTTP/1.0": (b"GET", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None),
    "a 204 with chunks": (b"GET", answer(b"204 No Content", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
                          answer(b"204 No Content")),
    "a 204 with a length": (b"GET", answer(b"204 No Content", b"Content-Length: 3", body=b"abc"),
                            answer(b"204 No Content")),
    "a 304 with both framings": (b"GET", answer(b"304 Not Modified", b"Content-Length: 3",
                                                b"Transfer-Encoding: chunked"), answer(b"304 Not Modified")),
    "an interim answer with a length": (b"GET", answer(b"103 Early Hints", b"Content-Length: 0") + OK0,
                                        answer(b"103 Early Hints") + OK0),
    "an unasked 101": (b"GET", answer(b"101 Switching Protocols", b"Connection: upgrade",
                                      b"Upgrade: x"), None),
    "129 fields": (b"GET", answer(b"200 OK", *[b"X: y"] * 128, b"Content-Length: 0"), None),
    "an end amid the head": (b"GET", b"HTTP/1.1 200 OK\r\nContent-Le", None),
    "an end amid an interim answer": (b"GET", b"HTTP/1.1 100 Cont", None),
    "nothing": (b"GET", b"", None),
    "a first chunk that is none": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"xyz\r\n"), None),
    "no chunk, and a trailer that is none": (
        b"GET", answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nX : y\r\n\r\n"), None),
}

# what the task sends before it closes or resets, what the client has when its connection ends early
CUT = {
    "amid a length": (answer(b"200 OK", b"Content-Length: 5", body=b"abc"), ...),
    "before the first byte of a length": (answer(b"200 OK", b"Content-Length: 5"), ...),
    "amid a chunk": (answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"5\r\nabc"),
                     answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n")),
    "behind a chunk": (answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n"), ...),
    "amid a size": (answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n1"),
                    answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n")),
    "behind the last chunk, amid its trailers": (
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"0\r\nX: y\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked")),
    "by a size that is none": (
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\nxyz\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"3\r\nabc\r\n")),
    "by a chunk longer than it says": (
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nabc\r\n0\r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"2\r\nab\r\n")),
    "by a trailer that is none": (
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\nX : y\r\n\r\n"),
        answer(b"200 OK", b"Transfer-Encoding: chunked", body=b"1\r\na\r\n")),
}
