// SPDX-License-Identifier: BSD-3-Clause
// Who is told of changes, and what may be said about it.
#include "mistakes.h"

using namespace lbd::config;
using namespace std::chrono_literals;

namespace {

const std::string backend_begin = "backends: [{address: 10.0.0.11, notify: [{script: [/x]";

Notifications notifications(const std::string& keys) {
    return load_text(port + "notifications: {" + keys + "}\n", "f").notifications;
}

} // namespace

TEST_CASE("nobody is told of changes unless it is asked for") {
    const auto config = load_text(port + service("backends: [{address: 10.0.0.11}]"), "f");
    CHECK(config.notifications == Notifications{});
    CHECK(config.services.at(0).notify.empty());
    CHECK_FALSE(config.services.at(0).omega);
    CHECK(config.services.at(0).backends.at(0).notify.empty());
}

TEST_CASE("a script without on is told everything of its object") {
    const auto config =
        load_text(port + router("notify: [{script: [/v, a]}]") +
                      service("omega: true, notify: [{script: [/s]}], " + backend_begin + "}]}]"),
                  "f");
    CHECK(config.vrrp.at(0).notify == std::vector{NotifyScript{{"/v", "a"},
                                                               {Occasion::master, Occasion::backup,
                                                                Occasion::fault, Occasion::stop},
                                                               "",
                                                               30s}});
    const auto& web = config.services.at(0);
    CHECK(web.omega);
    CHECK(web.notify.at(0).on == std::vector{Occasion::quorum_lost, Occasion::quorum_regained});
    CHECK(web.backends.at(0).notify.at(0).on == std::vector{Occasion::up, Occasion::down});
    CHECK(notifications("scripts: [{script: [/all]}]").scripts.at(0).on.size() == 8);
}

TEST_CASE("a script may be told some of it, as another user") {
    const auto script =
        notifications("scripts: [{script: [/x], on: [stop, down], user: nobody, timeout: 5s}]")
            .scripts.at(0);
    CHECK(script == NotifyScript{{"/x"}, {Occasion::down, Occasion::stop}, "nobody", 5s});
}

TEST_CASE("mail has every default") {
    const auto mail =
        notifications(
            "mail: {from: lbd@example.org, to: [ops@example.org, root], server: mx.local}")
            .mail;
    CHECK(mail == NotifyMail{.from = "lbd@example.org",
                             .to = {"ops@example.org", "root"},
                             .server = "mx.local",
                             .port = 25,
                             .helo = "",
                             .timeout = 30s,
                             .collect = 10s});
    CHECK_FALSE(notifications("syslog: local3").mail);
    CHECK(notifications("syslog: local3").syslog == "local3");
}

TEST_CASE("mistakes about notifications are named") {
    const std::string on = "script: [/x], on: ";
    check({
        {"notifications: {scripts: [{script: [x]}]}\n",
         "f:4:37: notifications.scripts[0].script[0]: found 'x', allowed: an absolute path, as no "
         "shell looks for it"},
        {"notifications: {scripts: [{on: [up]}]}\n",
         "f:4:27: notifications.scripts[0].script: required but missing, allowed: a word of "
         "graphic characters"},
        {"notifications: {mail: {from: a@b, to: []}}\n",
         "f:4:23: notifications.mail: needs from, to and server; there is no to\n"
         "f:4:23: notifications.mail: needs from, to and server; there is no server"},
        {"notifications: {mail: {from: 'a\\rb', to: [c], server: d}}\n",
         "f:4:30: notifications.mail.from: found 'a\\rb', allowed: a mail address as "
         "user@example.org"},
        {router("notify: [{" + on + "[up]}]"),
         "f:5:86: vrrp[0].notify[0].on[0]: found 'up', allowed: master, backup, fault, stop, "
         "which "
         "are what happens to a VRRP instance"},
        {service("notify: [{" + on + "[down]}], backends: []"),
         "f:5:75: services[0].notify[0].on[0]: found 'down', allowed: quorum_lost, "
         "quorum_regained, which are what happens to a service"},
        {service(backend_begin + ", on: [master]}]}]"),
         "f:5:107: services[0].backends[0].notify[0].on[0]: found 'master', allowed: up, down, "
         "which are what happens to a backend"},
    });
}
