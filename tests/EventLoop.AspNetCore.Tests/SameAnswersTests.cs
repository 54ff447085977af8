using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using System.Net;

namespace EventLoop.AspNetCore.Tests;

/// <summary>What a client sends, malformed or not, gets from the loop the very bytes that it gets from Kestrel's own sockets.</summary>
public sealed partial class SameAnswersTests
{
    public static TheoryData<string> Requests => new(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "G<T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\nConnection: close\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nSpace : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nNul: a\0b\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",

        // Smuggling: both lengths; a chunk that hides a second request; a length that leaves one behind; obfuscated names.
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: "
            + "close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: "
            + "close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",

        // Expect: 100-continue, with the body read, ignored, empty, chunked, and with a version and an expectation that know of none.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /ignore HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: a-miracle\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n",

        // Pipelines: whole ones, a bad request in the middle, what follows a close.
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /json HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n"
            + "Host: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nB<D / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nTrailer: 1\r\n\r\nGET / HTTP/1.1\r\n"
            + "Host: a\r\nConnection: close\r\n\r\n",

        // Chunks and their trailers.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\nHost: b\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSpace : a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nNo colon\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n folded: a\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n",

        // Bare carriage returns and line feeds, folds, spaces before colons.
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\rb\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n\tfolded\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\nConnection: close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: y\nContent-Length: 3\r\n\r\nabc",

        // More lengths and codings that two servers might understand in two ways.
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length : 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3, 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: +3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0x3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked, identity\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nGET /",

        // A handler that fails in the middle of a pipeline, before and after its answer has begun; one that leaves its body.
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /throws HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /throws-late HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /waits-throws HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdefGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /half HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /half HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /throws-reading HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdefGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /early HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /early HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /refuses HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\nabcdefGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /refuses HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 6\r\n\r\n",
        "POST /form HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=%",
        "POST /form HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 69\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nvalue\r\n--x--\r\n  ",
        "POST /twice HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",

        // What has no body, and what has one after all; trailers; the end of an answer before that of its handler.
        "HEAD /chunks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "HEAD /writer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "HEAD /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "HEAD /throws-late HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /none-with-body HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /unchanged-with-body HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /trailers HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTE: trailers\r\n\r\n",
        "GET /trailers HTTP/1.0\r\n\r\n",
        "GET /completes HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /writer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /writer-throws HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /starts HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /starts-twice HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /headers-late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /starting-throws HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /body-replaced HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /empty HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /aborts HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",

        // Files: parts of them, parts that they do not have, and files that have become shorter.
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=2-4\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=-3\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=7-\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=100-200\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=4-2\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=0-1,4-5\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nRange: bytes=0-99999999999999999999\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIf-Range: \"other\"\r\nRange: bytes=2-4\r\n\r\n",
        "GET /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n",
        "GET /file-missing HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/3/4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/10/0 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/3/8 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/11/0 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/-1/2 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-part/0/-2 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-promised HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-after-text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-folder HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /file-canceled HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",

        // Upgrades, of both kinds, and those that nobody accepts.
        "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello",
        "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",

        // Targets and hosts.
        "GET /a/../ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /%2e%2e/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /%00 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET //// HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /?%zz#frag HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET\t/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET https://user@a:99999/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET a:80 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "CONNECT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.11\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a:port\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\xff\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\x7f: y\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE",
        "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\nConnection: close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nab",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n000000000000000000003\r\nabc\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 003\r\n\r\nabc",
        "DELETE /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",

        "GET /throws HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /throws-late HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /short HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /long HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /chunks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    [Fact]
    public async Task Every_request_gets_the_same_bytes()
    {
        await File.WriteAllTextAsync(Path.Combine(AppContext.BaseDirectory, "ten-bytes.txt"), "0123456789");
        await using var loop = await Site.StartAsync(Map, kestrel: Listen);
        await using var sockets = await Site.StartAsync(Map, kestrel: Listen, onLoop: false);
        var all = Requests.Select(static row => row.Data)
            .Append($"GET /{new string('x', 10_000)} HTTP/1.1\r\nHost: a\r\n\r\n")
            .Append($"GET / HTTP/1.1\r\nHost: a\r\nX: {new string('x', 40_000)}\r\n\r\n")
            .Append($"GET / HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 120).Select(static n => $"H{n}: a\r\n"))}\r\n")
            .Append($"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n{new string('x', 20_000)}");
        var different = new List<string>();
        var answers = new HashSet<string>();
        foreach (string request in all)
        {
            string ours = "", theirs = "";
            foreach (int patience in (int[])[300, 1000, 4000])      // on a busy machine an answer may come behind the end of what was sent
            {
                ours = await AnswerAsync(loop, request, patience);
                theirs = await AnswerAsync(sockets, request, patience);
                if (ours == theirs)
                {
                    break;
                }
            }

            answers.Add(theirs);
            if (ours != theirs)
            {
                different.Add($"{request[..Math.Min(200, request.Length)]}\nsockets: {theirs}\nloop:    {ours}");
            }
        }

        different.Should().BeEmpty();
        answers.Count.Should().BeGreaterThan(20, "the requests are of many kinds");
    }

    // Whole requests end by themselves or say close; those that wait for more end when the client has sent everything.
    private static async Task<string> AnswerAsync(Site site, string request, int patience)
    {
        using var client = await site.ConnectAsync();
        await client.SendAsync(request);
        Task<string> reading = client.ReadToEndAsync();
        if (await Task.WhenAny(reading, Task.Delay(patience)) != reading)
        {
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }

        string answer = Date().Replace(await reading, "Date: now");
        return answer.Replace("[reset]", "", StringComparison.Ordinal);      // whether a client hears of it depends on what it had sent too much
    }

    private static void Listen(KestrelServerOptions server)
    {
        server.Listen(IPAddress.Loopback, 0);
        server.Limits.MaxRequestBodySize = 10_000;
    }

    private static void Map(WebApplication app)
    {
        app.MapGet("/", static () => "root");
        app.MapPost("/echo", static async (HttpContext http) =>
        {
            using var reader = new StreamReader(http.Request.Body);
            return $"[{await reader.ReadToEndAsync()}]";
        });
        app.MapPost("/ignore", static () => "ignored");
        app.MapGet("/smuggled", static () => "SMUGGLED");
        app.MapGet("/throws", static void () => throw new InvalidOperationException("no"));
        app.MapGet("/throws-late", static async (HttpContext http) =>
        {
            await http.Response.WriteAsync("begun");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException("no");
        });
        app.MapGet("/short", static async (HttpContext http) =>
        {
            http.Response.ContentLength = 10;
            await http.Response.WriteAsync("short");
        });
        app.MapGet("/long", static async (HttpContext http) =>
        {
            http.Response.ContentLength = 3;
            await http.Response.WriteAsync("much too long");
        });
        app.MapGet("/chunks", static async (HttpContext http) =>
        {
            for (int i = 0; i < 3; i++)
            {
                await http.Response.WriteAsync($"chunk {i}");
                await Task.Yield();
                await http.Response.Body.FlushAsync();
            }
        });
        app.MapGet("/json", static () => new { A = 1, B = "two" });
        app.MapGet("/none", static () => Microsoft.AspNetCore.Http.Results.NoContent());
        MapBodies(app);
        MapFiles(app);
    }

    private static void MapBodies(WebApplication app)
    {
        app.MapGet("/waits-throws", static async Task<string> () =>
        {
            await Task.Delay(1);
            throw new InvalidOperationException("no");
        });
        app.MapPost("/half", static async (HttpContext http) =>
        {
            await http.Request.Body.ReadExactlyAsync(new byte[2]);
            return "half";
        });
        app.MapPost("/throws-reading", static async Task<string> (HttpContext http) =>
        {
            await http.Request.Body.ReadExactlyAsync(new byte[2]);
            throw new InvalidOperationException("no");
        });
        app.MapPost("/early", static async (HttpContext http) =>
        {
            await http.Response.WriteAsync("early ");
            await http.Response.Body.FlushAsync();
            using var reader = new StreamReader(http.Request.Body);
            await http.Response.WriteAsync(await reader.ReadToEndAsync());
        });
        app.MapPost("/refuses", static () => Microsoft.AspNetCore.Http.Results.StatusCode(417));
        app.MapPost("/form", static async (HttpContext http) => (await http.Request.ReadFormAsync())["a"].ToString());
        app.MapPost("/twice", static async (HttpContext http) =>
        {
            http.Request.EnableBuffering();
            string first = await new StreamReader(http.Request.Body, leaveOpen: true).ReadToEndAsync();
            http.Request.Body.Position = 0;
            return first + await new StreamReader(http.Request.Body).ReadToEndAsync();
        });
        app.MapGet("/none-with-body", static async (HttpContext http) =>
        {
            http.Response.StatusCode = 204;
            await http.Response.WriteAsync("body");
        });
        app.MapGet("/unchanged-with-body", static async (HttpContext http) =>
        {
            http.Response.StatusCode = 304;
            await http.Response.WriteAsync("body");
        });
        app.MapGet("/trailers", static async (HttpContext http) =>
        {
            if (http.Response.SupportsTrailers())
            {
                http.Response.DeclareTrailer("Sum");
            }

            await http.Response.WriteAsync("text");
            await http.Response.Body.FlushAsync();
            if (http.Response.SupportsTrailers())
            {
                http.Response.AppendTrailer("Sum", "4");
            }
        });
        app.MapGet("/completes", static async (HttpContext http) =>
        {
            await http.Response.WriteAsync("whole");
            await http.Response.CompleteAsync();
            await Task.Delay(1);
        });
        app.MapGet("/writer", static async (HttpContext http) =>
        {
            var writer = http.Response.BodyWriter;
            for (int i = 0; i < 3; i++)
            {
                "piece"u8.CopyTo(writer.GetSpan(5));
                writer.Advance(5);
                await Task.Yield();
                await writer.FlushAsync();
            }

            await writer.CompleteAsync();
        });
        app.MapGet("/writer-throws", static async (HttpContext http) =>
        {
            "never flushed"u8.CopyTo(http.Response.BodyWriter.GetSpan(20));
            http.Response.BodyWriter.Advance(13);
            await Task.Yield();
            throw new InvalidOperationException("no");
        });
        app.MapGet("/starts", static async (HttpContext http) =>
        {
            await http.Response.StartAsync();
            await http.Response.WriteAsync("text");
        });
        app.MapGet("/starts-twice", static async (HttpContext http) =>
        {
            await http.Response.StartAsync();
            await http.Response.StartAsync();
            await http.Response.CompleteAsync();
            await http.Response.CompleteAsync();
        });
        app.MapGet("/headers-late", static async (HttpContext http) =>
        {
            await http.Response.WriteAsync("text");
            http.Response.Headers["Late"] = "1";
        });
        app.MapGet("/starting-throws", static (HttpContext http) =>
        {
            http.Response.OnStarting(static () => throw new InvalidOperationException("no"));
            return "text";
        });
        app.MapGet("/body-replaced", static async (HttpContext http) =>
        {
            var body = http.Response.Body;
            using var memory = new MemoryStream();
            http.Response.Body = memory;
            await http.Response.WriteAsync("kept");
            http.Response.Body = body;
            memory.Position = 0;
            await memory.CopyToAsync(http.Response.Body);
        });
        app.MapGet("/empty", static () => { });
        app.MapGet("/aborts", static (HttpContext http) => http.Abort());
        app.Map("/upgrade", static async (HttpContext http) =>
        {
            await using var stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            byte[] buffer = new byte[5];
            int count = await stream.ReadAtLeastAsync(buffer, 5, throwOnEndOfStream: false);
            await stream.WriteAsync(buffer.AsMemory(0, count));
        });
    }

    private static void MapFiles(WebApplication app)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "ten-bytes.txt");
        app.MapGet("/file", () => Microsoft.AspNetCore.Http.Results.File(
            path, "text/plain", lastModified: DateTimeOffset.UnixEpoch, entityTag: new("\"tag\""), enableRangeProcessing: true));
        app.MapGet("/file-missing", (HttpContext http) => http.Response.SendFileAsync(path + ".none"));
        app.MapGet("/file-folder", static (HttpContext http) => http.Response.SendFileAsync(AppContext.BaseDirectory));
        app.MapGet("/file-part/{offset}/{count}", (HttpContext http, long offset, long count) => http.Response.SendFileAsync(path, offset, count));
        app.MapGet("/file-promised", (HttpContext http) =>
        {
            http.Response.ContentLength = 20;      // it was longer when its length was taken
            return http.Response.SendFileAsync(path);
        });
        app.MapGet("/file-after-text", async (HttpContext http) =>
        {
            await http.Response.WriteAsync("text");
            await http.Response.SendFileAsync(path);
            await http.Response.WriteAsync("more");
        });
        app.MapGet("/file-canceled", (HttpContext http) => http.Response.SendFileAsync(path, 0, null, new CancellationToken(canceled: true)));
    }

    [GeneratedRegex("Date: [^\r]*")]
    private static partial Regex Date();
}
