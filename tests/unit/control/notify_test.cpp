// SPDX-License-Identifier: BSD-3-Clause
// What is told of a change, in which words, and what happens when there is too much of it.
#include <set>

#include "lb/control/notify/backlog.h"
#include "lb/control/notify/digest.h"
#include "lb/control/notify/event.h"
#include "lb/control/notify/outbox.h"
#include "tests/unit/catch.h"

namespace lbd::control::notify {

namespace {

using config::Occasion;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

Event backend(const std::string& address, Occasion occasion, const std::string& reason = "") {
    return {occasion, "web", address + ":80", 0, reason, 0};
}

Event router(Occasion occasion) {
    return {occasion, "VI_1", "", 150, "no advertisement", 0};
}

std::vector<config::NotifyScript> scripts(const Words& paths) {
    std::vector<config::NotifyScript> scripts;
    for (const std::string& path : paths) scripts.push_back({{path}, {}, "", 1s});
    return scripts;
}

// What would be run now, as "program event object".
Words all_that_may_start(Backlog& backlog) {
    Words started;
    while (const auto job = backlog.next())
        started.push_back(job->script.script.front() + ' ' + title(*job->event));
    return started;
}

// A steady clock's hour at which everything begins.
const Outbox::Time start = Outbox::Time{} + 1h;

std::string subject_of_mail(const Digest& digest) {
    return digest.subject();
}

} // namespace

TEST_CASE("a program is told of a VRRP instance as keepalived's notify is") {
    CHECK(arguments(router(Occasion::master)) == Words{"INSTANCE", "VI_1", "MASTER", "150"});
    const auto environment = notify::environment(router(Occasion::master));
    CHECK(environment == std::map<std::string, std::string>{{"LBD_EVENT", "master"},
                                                            {"LBD_OBJECT", "vrrp"},
                                                            {"LBD_NAME", "VI_1"},
                                                            {"LBD_STATE", "MASTER"},
                                                            {"LBD_PRIORITY", "150"},
                                                            {"LBD_REASON", "no advertisement"}});
}

TEST_CASE("a program is told of a backend and of a quorum") {
    const Event down = backend("10.0.0.1", Occasion::down, "refused");
    CHECK(arguments(down) == Words{"BACKEND", "web", "10.0.0.1:80", "DOWN"});
    CHECK(environment(down) == std::map<std::string, std::string>{{"LBD_EVENT", "down"},
                                                                  {"LBD_OBJECT", "backend"},
                                                                  {"LBD_NAME", "10.0.0.1:80"},
                                                                  {"LBD_SERVICE", "web"},
                                                                  {"LBD_BACKEND", "10.0.0.1:80"},
                                                                  {"LBD_STATE", "DOWN"},
                                                                  {"LBD_REASON", "refused"}});
    const Event lost{Occasion::quorum_lost, "web", "", 0, "", 0};
    CHECK(arguments(lost) == Words{"SERVICE", "web", "QUORUM_LOST"});
    CHECK(environment(lost).at("LBD_OBJECT") == "service");
    CHECK(environment(lost).at("LBD_NAME") == "web");
}

TEST_CASE("a backend's address is written as it stands before a port") {
    config::Backend backend{};
    backend.address = *config::IpAddress::parse("2001:db8::11");
    backend.port = 443;
    CHECK(text_of(backend) == "[2001:db8::11]:443");
    backend.address = *config::IpAddress::parse("192.0.2.11");
    backend.port = 0;
    CHECK(text_of(backend) == "192.0.2.11:any");
}

TEST_CASE("what a server said reaches nobody with control characters, and not at any length") {
    const Event down = backend("10.0.0.1", Occasion::down, "a\r\nBcc: x\x1b[0m\xff\x7f");
    CHECK(environment(down).at("LBD_REASON") == "a??Bcc: x?[0m??");
    CHECK(line(down) == "web 10.0.0.1:80 DOWN: a??Bcc: x?[0m??");
    CHECK(plain(std::string(5000, 'a')).size() == 403);
}

TEST_CASE("the changes of one object are told one after the other") {
    Backlog backlog;
    backlog.add(router(Occasion::backup), scripts({"/a", "/b"}));
    backlog.add(router(Occasion::master), scripts({"/a"}));
    const std::string object = object_of(router(Occasion::master));
    CHECK(all_that_may_start(backlog) == Words{"/a VI_1 BACKUP"});
    backlog.done(object);
    CHECK(all_that_may_start(backlog) == Words{"/b VI_1 BACKUP"});
    backlog.done(object);
    CHECK(all_that_may_start(backlog) == Words{"/a VI_1 MASTER"});
    CHECK(backlog.superseded() == 0);
}

TEST_CASE("of a backend that flaps the last state alone is told, and always is") {
    Backlog backlog;
    backlog.add(backend("10.0.0.1", Occasion::down), scripts({"/a"}));
    CHECK(all_that_may_start(backlog) == Words{"/a web 10.0.0.1:80 DOWN"});
    for (int i = 0; i < 50; ++i) {
        backlog.add(backend("10.0.0.1", Occasion::up), scripts({"/a", "/b"}));
        backlog.add(backend("10.0.0.1", Occasion::down), scripts({"/a"}));
    }
    CHECK(backlog.waiting() == 1);
    CHECK(backlog.superseded() == 149);
    backlog.done(object_of(backend("10.0.0.1", Occasion::up)));
    CHECK(all_that_may_start(backlog) == Words{"/a web 10.0.0.1:80 DOWN"});
}

TEST_CASE("only so many programs run at once, and those of a VRRP instance wait for no backend's") {
    Backlog backlog({.at_once = 2, .waiting = 100});
    for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
        backlog.add(backend(address, Occasion::down), scripts({"/a"}));
    backlog.add(router(Occasion::master), scripts({"/m"}));
    CHECK(all_that_may_start(backlog) ==
          Words{"/a web 10.0.0.1:80 DOWN", "/a web 10.0.0.2:80 DOWN", "/m VI_1 MASTER"});
    backlog.done(object_of(backend("10.0.0.2", Occasion::up)));
    CHECK(all_that_may_start(backlog) == Words{"/a web 10.0.0.3:80 DOWN"});
}

TEST_CASE("when too much waits the oldest goes, and VRRP's last") {
    Backlog backlog({.at_once = 0, .waiting = 3});
    CHECK(backlog.add(router(Occasion::master), scripts({"/m"})) == 0);
    std::size_t dropped = 0;
    for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"})
        dropped += backlog.add(backend(address, Occasion::down), scripts({"/a"}));
    CHECK(dropped == 2);
    CHECK(backlog.dropped() == 2);
    CHECK(backlog.waiting() == 3);
    for (const Occasion state : {Occasion::backup, Occasion::master, Occasion::stop})
        backlog.add(router(state), scripts({"/m"}));
    CHECK(backlog.dropped() == 5);
    CHECK(backlog.waiting() == 3);
}

TEST_CASE("a mail of one change has it in its subject") {
    Digest digest;
    CHECK(digest.empty());
    digest.add(backend("192.0.2.11", Occasion::down, "refused"));
    CHECK(digest.subject() == "web 192.0.2.11:80 DOWN");
    CHECK(digest.body().substr(19) == " web 192.0.2.11:80 DOWN: refused\r\n");
}

TEST_CASE("a mail of several changes counts them, the worst first") {
    Digest digest;
    digest.add(backend("10.0.0.9", Occasion::up));
    for (int i = 1; i <= 9; ++i) digest.add(backend("10.0.0." + std::to_string(i), Occasion::down));
    digest.add({Occasion::quorum_lost, "web", "", 0, "", 0});
    digest.add(router(Occasion::master));
    CHECK(
        digest.subject() ==
        "12 changes: 1 service lost its quorum, 9 backends down, 1 instance master, 1 backend up");
}

TEST_CASE("a mail has at most 200 lines and says how many there would be more") {
    Digest digest;
    for (int i = 0; i < 1000; ++i) digest.add(backend("10.0.0.1", Occasion::down));
    const std::string body = digest.body();
    CHECK(std::count(body.begin(), body.end(), '\n') == 201);
    CHECK(body.substr(body.size() - 14) == "and 800 more\r\n");
}

TEST_CASE("a mail has the headers that it needs and no others") {
    Digest digest;
    digest.add(backend("10.0.0.1", Occasion::down, "x\r\n\r\nBcc: all@example.org"));
    const std::string text =
        mail_text({"lbd@example.org", {"a@example.org", "b@example.org"}, "di\nrector", "lbd"},
                  digest, 0, "1.2.3");
    std::set<std::string> names;
    const std::string headers = text.substr(0, text.find("\r\n\r\n") + 2);
    for (std::size_t at = 0; at < headers.size(); at = headers.find("\r\n", at) + 2)
        if (headers[at] != ' ') names.insert(headers.substr(at, headers.find(':', at) - at));
    CHECK(names == std::set<std::string>{"Date", "From", "To", "Subject", "Message-ID",
                                         "Auto-Submitted", "MIME-Version", "Content-Type"});
    CHECK(
        text.find("\r\nFrom: <lbd@example.org>\r\nTo: <a@example.org>,\r\n <b@example.org>\r\n") !=
        std::string::npos);
    CHECK(text.find("Subject: [di?rector/lbd] web 10.0.0.1:80 DOWN\r\n") != std::string::npos);
    CHECK(text.find("Message-ID: <1.2.3@di?rector>\r\n") != std::string::npos);
    CHECK(text.find(": x????Bcc: all@example.org\r\n") != std::string::npos);
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
        CHECK(text[at - 1] == '\r');
}

TEST_CASE("what happens within the interval goes into one mail") {
    Outbox outbox(10s);
    CHECK_FALSE(outbox.due());
    outbox.add(backend("10.0.0.1", Occasion::down), start);
    outbox.add(backend("10.0.0.2", Occasion::down), start + 9s);
    CHECK(outbox.due() == start + 10s);
    CHECK(outbox.begin(start + 10s, subject_of_mail) == "2 changes: 2 backends down");
    CHECK_FALSE(outbox.due());
    outbox.succeeded();
    CHECK(outbox.sent() == 1);
    CHECK(outbox.pending() == 0);
}

TEST_CASE("there are never two mails within the interval") {
    Outbox outbox(10s);
    outbox.add(backend("10.0.0.1", Occasion::down), start);
    outbox.begin(start + 10s, subject_of_mail);
    outbox.add(backend("10.0.0.1", Occasion::up), start + 11s);
    CHECK_FALSE(outbox.due()); // one is under way
    CHECK(outbox.pending() == 2);
    outbox.succeeded();
    CHECK(outbox.due() == start + 21s);
    outbox.begin(start + 30s, subject_of_mail);
    outbox.succeeded();
    outbox.add(backend("10.0.0.1", Occasion::down), start + 30s);
    CHECK(outbox.due() == start + 40s);
}

TEST_CASE("a mail that fails is tried again after growing pauses, then given up") {
    Outbox outbox(10s);
    outbox.add(backend("10.0.0.1", Occasion::down), start);
    std::vector<std::chrono::milliseconds> pauses;
    Outbox::Time now = start;
    for (unsigned attempt = 0; attempt < Outbox::most_attempts; ++attempt) {
        now = *outbox.due();
        CHECK(outbox.begin(now, subject_of_mail) == "web 10.0.0.1:80 DOWN");
        if (const auto pause = outbox.failed(now)) {
            pauses.push_back(*pause);
            CHECK(outbox.due() == now + *pause);
        }
        // What happens meanwhile waits for the next one.
        outbox.add(backend("10.0.0.2", Occasion::down), now);
    }
    CHECK(pauses == std::vector<std::chrono::milliseconds>{10s, 20s, 40s, 80s, 160s});
    CHECK(outbox.given_up() == 1);
    CHECK(outbox.begin(*outbox.due(), subject_of_mail) == "6 changes: 6 backends down");
}

TEST_CASE("no pause is longer than ten minutes or, if that is longer, the interval") {
    for (const auto& [collect, longest] :
         std::vector<std::pair<std::chrono::minutes, std::chrono::minutes>>{{1min, 10min},
                                                                            {30min, 30min}}) {
        Outbox outbox(collect);
        outbox.add(backend("10.0.0.1", Occasion::down), start);
        std::chrono::milliseconds last{};
        for (unsigned attempt = 1; attempt < Outbox::most_attempts; ++attempt) {
            const Outbox::Time now = *outbox.due();
            outbox.begin(now, subject_of_mail);
            last = *outbox.failed(now);
        }
        CHECK(last == longest);
    }
}

TEST_CASE("at the end what there is goes out at once, and once") {
    Outbox outbox(1h);
    outbox.add(backend("10.0.0.1", Occasion::down), start);
    outbox.hurry();
    REQUIRE(outbox.due());
    CHECK(*outbox.due() <= start);
    outbox.begin(start, subject_of_mail);
    CHECK_FALSE(outbox.failed(start));
    CHECK(outbox.pending() == 0);
    CHECK(outbox.given_up() == 1);
}

} // namespace lbd::control::notify
