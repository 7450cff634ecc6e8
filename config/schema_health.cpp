// SPDX-License-Identifier: BSD-3-Clause
#include <re2/re2.h>

#include <algorithm>

#include "config/schema_parts.h"
#include "config/status_ranges.h"

namespace lbd::config::parts {

using namespace std::chrono_literals;

namespace {

Type file() {
    return text("an absolute path", [](std::string_view path) {
        return path.size() > 1 && path.front() == '/' &&
               std::all_of(path.begin(), path.end(), is_graphic);
    });
}

bool is_hexadecimal(std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isxdigit(c); });
}

Type hexadecimal() {
    return text("an even number of hexadecimal digits, at most 2048", [](std::string_view word) {
        return word.size() % 2 == 0 && word.size() <= 2048 && is_hexadecimal(word);
    });
}

Type digest() {
    return text("the 32 hexadecimal digits of MD5 or the 64 of SHA-256", [](std::string_view word) {
        return (word.size() == 32 || word.size() == 64) && is_hexadecimal(word);
    });
}

Type regular_expression() {
    return text("a regular expression as RE2 knows them", [](std::string_view word) {
        RE2::Options quiet;
        quiet.set_log_errors(false);
        return RE2(re2::StringPiece(word.data(), word.size()), quiet).ok();
    });
}

const Section& url() {
    static const Section section{
        "A page, and what makes its answer a good one. Redirections are not followed: they are "
        "answers.",
        {
            value("path",
                  text("a path from / on, without blanks",
                       [](std::string_view path) {
                           return !path.empty() && path.front() == '/' && path.size() <= 4096 &&
                                  std::all_of(path.begin(), path.end(), is_graphic);
                       }),
                  "/", "What to ask for."),
            value("status",
                  text("statuses and ranges of them, 100..599: 200-299,401",
                       [](std::string_view ranges) { return status_ranges(ranges).has_value(); }),
                  "200-299", "The statuses that are well."),
            optional("match", regular_expression(), "any body",
                     "A regular expression that must match somewhere in the first MiB of the "
                     "body."),
            optional("digest", digest(), "any body",
                     "The MD5 (keepalived: genhash) or SHA-256 that the body must have."),
        }};
    return section;
}

} // namespace

const Section& health() {
    static const Section section{
        "How backends are checked. At the top level these are the defaults of all services; a "
        "service may override each, and a backend may override its service's.",
        {
            optional(
                "type",
                word({"none", "tcp", "http", "https", "smtp", "udp", "dns", "ping", "script"}),
                "tcp; for a udp service none unless the service or backend says otherwise",
                "tcp: a connection can be opened. http, https: the urls answer as they should. "
                "smtp: the server greets and understands HELO and NOOP. udp: a datagram is "
                "answered, or at least not refused by ICMP. dns: a query is answered without an "
                "error. ping: an ICMP echo is answered. script: a program exits with 0. none: "
                "always up."),
            value("interval", duration(10ms, 3600s, 1ms), "2s", "Between checks."),
            value("connect_timeout", duration(10ms, 300s, 1ms), "1s",
                  "When a check without a complete answer has failed."),
            value("retries", number(0, 100), "2",
                  "Further attempts before a backend that is up is called down."),
            value("delay_before_retry", duration(0s, 3600s, 1ms), "1s", "Between these attempts."),
            value("rise", number(1, 100), "1",
                  "Successes in a row before a backend that is down is called up."),
            value("initially_up", boolean(), "false",
                  "Send connections to a new backend before its first check, as keepalived does "
                  "without alpha."),
            value("warmup", duration(0s, 3600s, 1ms), "500ms",
                  "First checks are spread over so long, or the interval if that is shorter. A "
                  "director becomes master when all have been made."),
            optional("port", number(1, 65'535), "the backend's", "The port to check."),
            optional("address", ip_address(), "the backend's", "The address to check."),
            values("source", ip_address(), "as the host routes",
                   "Addresses of the director that checks come from, one a family (keepalived: "
                   "bindto)."),
            value("check_vip", boolean(), "false",
                  "With Direct Routing, check beside the above that the backend accepts the "
                  "service's address: by a connection to it, or an echo request for a udp service "
                  "or any port, sent to the backend's MAC address. lbctl(1) then also tells when a "
                  "backend answers ARP or neighbour solicitations for it."),
            optional("host", graphic("a host name", 255), "the address and port",
                     "http, https: the virtual host that is asked for."),
            value("http_version", word({"1.0", "1.1"}), "1.1", "http, https."),
            nested(Shape::sections, "urls", url(),
                   "http, https: what is asked for in turn; the front page if there is none. Those "
                   "of a backend replace its service's, and these the global ones."),
            optional("tls_name", graphic("a host name", 255), "the host",
                     "https: the server name that is indicated, and that the certificate must be "
                     "for."),
            value("tls_verify", boolean(), "false",
                  "https: whether the server's certificate must be valid."),
            optional("tls_authorities", file(), "the system's",
                     "https: a file of certificates that the server's is verified by."),
            optional("tls_certificate", file(), "none",
                     "https: a file with the client certificate to show, and its chain."),
            optional("tls_key", file(), "none", "https: a file with its key."),
            value("helo", graphic("a host name", 255), "localhost", "smtp: what to say in HELO."),
            optional("payload", hexadecimal(), "an empty datagram",
                     "udp: what is sent, in hexadecimal digits."),
            value("answer_required", boolean(), "false", "udp: whether silence is a failure, too."),
            value("query_name", graphic("a domain name", 255), ".", "dns: the name to ask for."),
            value("query_type", word({"A", "AAAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"}),
                  "SOA", "dns: the type to ask for."),
            values("script", graphic("a word of graphic characters", 4096), "none",
                   "script: an absolute path and arguments: a program that must exit with 0. It is "
                   "told LBD_ADDRESS and LBD_PORT in its environment. It and its directories may "
                   "be writable for root only. No shell is involved."),
            optional("user", graphic("a user's name", 32), "lbd's", "script: who runs it."),
        }};
    return section;
}

} // namespace lbd::config::parts
