// SPDX-License-Identifier: BSD-3-Clause
// Who is told of what, with programs that write it down and a syslog of our own.
#include "lb/control/notify/notifier.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <fstream>

#include "config/load.h"
#include "lb/control/notify/syslog.h"
#include "tests/unit/catch.h"
#include "tests/unit/scratch.h"

namespace lbd::control::notify {

namespace {

using config::Occasion;
using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

// A directory with a program that writes down its arguments.
class Desk : public Scratch {
  public:
    Desk() {
        std::ofstream(path("tell")) << "#!/bin/sh\necho \"$@\" >>" << path("told") << '\n';
        std::ofstream(path("fail")) << "#!/bin/sh\nexit 3\n";
        std::ofstream(path("hang")) << "#!/bin/sh\nsleep 60\n";
        for (const char* script : {"tell", "fail", "hang"}) chmod(path(script).c_str(), 0700);
    }

    Lines told() const {
        Lines lines;
        std::ifstream file(path("told"));
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }
};

config::Config configuration(const Desk& desk, const std::string& service = "",
                             const std::string& rest = "", bool router = true) {
    const std::string own = "[{script: [" + desk.path("tell") + ", own]}]";
    std::string text = "ports: [{device: 'af_packet:eth0', addresses: [10.0.0.1/24]}]\n";
    if (router)
        text +=
            "vrrp: [{name: VI_1, vrid: 1, virtual_addresses: [10.0.0.100], notify: " + own + "}]\n";
    return config::load_text(
        text + "services: [{name: web, address: 10.0.0.100, port: 80, notify: " + own + ", " +
            service + "backends: [{address: 10.0.0.11, notify: " + own + "}]}]\n" + rest,
        "test.yaml");
}

class Scene {
  public:
    explicit Scene(const config::Config& config) { adopt(config); }
    void adopt(const config::Config& config) {
        config_ = config;
        notifier_.adopt(config);
    }
    void backend_is(bool up) {
        const config::Service& web = config_.services.front();
        notifier_.backend_is(up, web, web.backends.front(), "refused");
        deliver();
    }
    void deliver() {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (figure("waiting") + figure("running") != 0 && std::chrono::steady_clock::now() < end)
            io_.run_one_for(100ms);
    }
    std::uint64_t figure(const char* name) const {
        return notifier_.status().at("scripts").as_object().at(name).to_number<std::uint64_t>();
    }
    Notifier& notifier() { return notifier_; }
    boost::asio::io_context& io() { return io_; }
    const config::Service& web() const { return config_.services.front(); }

  private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        io_.get_executor()};
    config::Config config_;
    Notifier notifier_{io_};
};

} // namespace

TEST_CASE("programs of an object and of all are told of each change once, in order") {
    const Desk desk;
    const std::string all =
        "notifications: {scripts: [{script: [" + desk.path("tell") + ", all], on: [down]}]}\n";
    Scene scene(configuration(desk, "", all));
    scene.backend_is(true);
    scene.backend_is(true);
    scene.backend_is(false);
    CHECK(desk.told() == Lines{"own BACKEND web 10.0.0.11:80 UP",
                               "own BACKEND web 10.0.0.11:80 DOWN",
                               "all BACKEND web 10.0.0.11:80 DOWN"});
    scene.notifier().quorum_is(true, "web");
    scene.deliver();
    scene.notifier().quorum_is(false, "web");
    scene.notifier().quorum_is(false, "web");
    scene.notifier().router_is(Occasion::master, "VI_1", 150, "why");
    scene.deliver();
    CHECK(desk.told().size() == 6);
    CHECK(scene.figure("run") == 6);
}

TEST_CASE("a reload repeats nothing, and forgets what it removes") {
    const Desk desk;
    Scene scene(configuration(desk));
    scene.backend_is(false);
    scene.adopt(configuration(desk));
    scene.backend_is(false);
    CHECK(desk.told().size() == 1);
    config::Config without = configuration(desk);
    without.services.front().backends.clear();
    scene.notifier().adopt(without);
    scene.adopt(configuration(desk));
    scene.backend_is(false);
    CHECK(desk.told().size() == 2);
}

TEST_CASE("a VRRP instance that a reload removes still says that it stops") {
    const Desk desk;
    Scene scene(configuration(desk));
    scene.adopt(configuration(desk, "", "", false));
    scene.notifier().router_is(Occasion::stop, "VI_1", 100, "stopped");
    scene.deliver();
    CHECK(desk.told() == Lines{"own INSTANCE VI_1 STOP 100"});
}

TEST_CASE("a program that fails is counted, and the next is told all the same") {
    const Desk desk;
    const std::string broken = "notifications: {scripts: [{script: [" + desk.path("fail") +
                               "]}, {script: [/nowhere]}, " + "{script: [" + desk.path("tell") +
                               "]}]}\n";
    Scene scene(configuration(desk, "", broken));
    scene.backend_is(false);
    CHECK(desk.told().size() == 2);
    CHECK(scene.figure("failed") == 2);
    CHECK(scene.notifier().status().at("scripts").as_object().at("last_error").as_string() ==
          "/nowhere is not run: No such file or directory");
}

TEST_CASE("at the end what is left is told, nothing else, and not for longer than there is time") {
    const Desk desk;
    const std::string slow = "notifications: {scripts: [{script: [" + desk.path("hang") + "]}]}\n";
    for (const bool hangs : {false, true}) {
        Scene scene(configuration(desk, "", hangs ? slow : ""));
        scene.notifier().leave_backend(scene.web(), scene.web().backends.front());
        scene.notifier().leave_quorum(scene.web());
        bool done = false;
        scene.notifier().finish(hangs ? 50ms : 10s, [&] { done = true; });
        scene.notifier().router_is(Occasion::master, "VI_1", 1, "");
        while (!done) scene.io().run_one_for(1s);
        CHECK((scene.figure("running") != 0) == hangs);
    }
    const Lines told = desk.told();
    CHECK(std::count(told.begin(), told.end(), "own BACKEND web 10.0.0.11:80 DOWN") >= 1);
    CHECK(std::count(told.begin(), told.end(), "own SERVICE web QUORUM_LOST") >= 1);
    CHECK(told.size() <= 4);
}

TEST_CASE("syslog is told with facility and severity, and not waited for") {
    const Desk desk;
    Syslog syslog("local3", desk.path("log"));
    syslog.tell(LOG_WARNING, "nobody listens", 0);
    CHECK(syslog.lost() == 1);
    const int daemon = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    desk.path("log").copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(bind(daemon, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    syslog.tell(LOG_WARNING, "web DOWN", 0);
    char text[256] = "";
    REQUIRE(recv(daemon, text, sizeof(text) - 1, 0) > 0);
    // RFC 3164: facility * 8 + severity.
    CHECK(std::string(text).substr(0, 5) == "<156>");
    CHECK(std::string(text).substr(20) == " lbd[" + std::to_string(getpid()) + "]: web DOWN");
    for (int i = 0; i < 10'000 && syslog.lost() == 1; ++i) syslog.tell(LOG_NOTICE, "more", 0);
    CHECK(syslog.lost() == 2); // the queue is full, and nobody waits
    close(daemon);
}

} // namespace lbd::control::notify
