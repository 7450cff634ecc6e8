// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>

#include "config/schema_parts.h"

namespace lbd::config::parts {

using namespace std::chrono_literals;

namespace {

// RFC 5321 4.1.2 without quoted strings; a local part alone is for the server to complete.
Type mailbox() {
    return text("a mail address as user@example.org", [](std::string_view word) {
        const auto at = word.find('@');
        const auto local = word.substr(0, at);
        const auto domain = at == std::string_view::npos ? "x" : word.substr(at + 1);
        const auto consists_of = [](std::string_view part, std::string_view special) {
            return !part.empty() && std::all_of(part.begin(), part.end(), [&](char character) {
                return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
                       special.find(character) != std::string_view::npos;
            });
        };
        return word.size() <= 254 && consists_of(local, ".!#$%&'*+/=?^_`{|}~-") &&
               consists_of(domain, ".-");
    });
}

Type server() {
    return text("an address or a host name", [](std::string_view word) {
        return IpAddress::parse(word) || word_of(".-", 253).parse(word);
    });
}

const Section& mail() {
    static const Section section{
        "Mail to people, if it is given: from, to and server must be. A server that is slow or "
        "hangs holds up nothing else. A mail that fails is tried six times in all, with pauses "
        "that "
        "grow from collect to ten minutes.",
        {
            optional("from", mailbox(), "must be given", "The sender."),
            values("to", mailbox(), "must be given", "The recipients."),
            optional("server", server(), "must be given",
                     "The SMTP server. It is spoken to without TLS."),
            value("port", number(1, 65'535), "25", "Its port."),
            optional("helo", word_of("-.", 255), "the host's name", "What to say in EHLO."),
            value("timeout", duration(1s, 300s), "30s", "A delivery that takes longer has failed."),
            value("collect", duration(1s, 3600s), "10s",
                  "What happens within so long goes into one mail, of at most 200 lines, and there "
                  "is at most one mail in so long."),
        }};
    return section;
}

} // namespace

const Section& notify() {
    static const Section section{
        "A program that is told of changes. It gets, after its own arguments: INSTANCE NAME "
        "MASTER|BACKUP|FAULT|STOP PRIORITY of a VRRP instance (keepalived: notify), SERVICE NAME "
        "QUORUM_LOST|QUORUM_REGAINED, or BACKEND SERVICE ADDRESS:PORT UP|DOWN; and in its "
        "environment LBD_EVENT (the word under on), LBD_OBJECT (vrrp, service, backend), LBD_NAME, "
        "LBD_STATE, LBD_REASON and, as far as they apply, LBD_SERVICE, LBD_BACKEND and "
        "LBD_PRIORITY. Changes of one object are told one after the other; those of a backend or "
        "service that still wait give way to a newer one. At most 8 programs run at once, and 8 of "
        "VRRP instances; when more than 4096 changes wait the oldest are dropped.",
        {
            required_values("script", graphic("a word of graphic characters", 4096),
                            "An absolute path and arguments. The file and its directories may be "
                            "writable for root only. No shell is involved."),
            values("on",
                   word({"up", "down", "quorum_lost", "quorum_regained", "master", "backup",
                         "fault", "stop"}),
                   "every one of the object",
                   "What to tell: of a backend up and down, of a service quorum_lost and "
                   "quorum_regained, of a VRRP instance master, backup, fault and stop. After a "
                   "start, up is told at the first check that succeeds, and no state of a VRRP "
                   "instance before it first takes part."),
            optional("user", graphic("a user's name", 32), "lbd's", "Who runs it."),
            value("timeout", duration(100ms, 3600s, 1ms), "30s",
                  "A program that takes longer is killed."),
        }};
    return section;
}

const Section& notifications() {
    static const Section section{
        "Who is told when a backend, a service's quorum or a VRRP instance changes. The log always "
        "is. What is done by lbctl(1), or added or removed by a reload, is no change, but for a "
        "VRRP "
        "instance that is removed: it stops. At a stop, scripts and mail are waited for, at most 5 "
        "seconds, after mastership is handed over.",
        {
            nested(Shape::sections, "scripts", notify(), "Programs, for every object."),
            optional("syslog",
                     word({"daemon", "user", "local0", "local1", "local2", "local3", "local4",
                           "local5", "local6", "local7"}),
                     "not to syslog", "The facility to tell syslog under."),
            by_presence(nested(Shape::section, "mail", mail(),
                               "Mail. The first success of a backend or service after a start is "
                               "not worth one.")),
        }};
    return section;
}

} // namespace lbd::config::parts
