// SPDX-License-Identifier: BSD-3-Clause
// One vrrp::Instance on an interface of the kernel, without a data plane, so that elections with
// other implementations can be tested. Not installed. Tells on standard output what happens, a
// JSON object a line. SIGUSR1: status; SIGUSR2: no longer ready, ready again; SIGTERM: stop.
#include <spawn.h>
#include <sys/wait.h>

#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>
#include <boost/program_options.hpp>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "vrrp/instance.h"

extern char** environ;

namespace asio = boost::asio;
namespace json = boost::json;
namespace options = boost::program_options;
using namespace lbd;

namespace {

void tell(const json::object& what) {
    std::cout << what << std::endl;
}

void change_address(const char* verb, const vrrp::Settings& settings,
                    const vrrp::VirtualAddress& address) {
    std::vector<std::string> words{
        "ip",  "address",
        verb,  address.address.to_string() + "/" + std::to_string(address.prefix),
        "dev", settings.interface};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    int status = 0;
    if (posix_spawnp(&child, "ip", nullptr, nullptr, arguments.data(), environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        tell({{"event", "failed"}, {"verb", verb}, {"address", address.address.to_string()}});
}

class Teller : public vrrp::Listener {
  public:
    void acquire(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override {
        for (const auto& address : addresses) change_address("add", settings, address);
    }
    void release(const vrrp::Settings& settings,
                 std::span<const vrrp::VirtualAddress> addresses) override {
        for (const auto& address : addresses) change_address("del", settings, address);
    }
    void take_mac(const vrrp::Settings&, bool) override {}
    void changed(const vrrp::Settings&, vrrp::RouterState from, vrrp::RouterState to,
                 std::string_view reason) override {
        tell({{"event", "changed"},
              {"from", name_of(from)},
              {"to", name_of(to)},
              {"reason", reason}});
    }
    void rejected(const vrrp::Settings&, const vrrp::Address& source,
                  vrrp::Reject reason) override {
        tell({{"event", "rejected"},
              {"source", source.to_string()},
              {"reason", vrrp::reject_names[static_cast<std::size_t>(reason)]}});
    }
    void rivalled(const vrrp::Settings&, const vrrp::Address& source,
                  std::uint8_t priority) override {
        tell({{"event", "rivalled"}, {"source", source.to_string()}, {"priority", priority}});
    }
    bool group_agrees(const vrrp::Settings&) const override { return true; }
};

void tell_status(const vrrp::Status& status) {
    json::object rejected;
    for (std::size_t i = 0; i < vrrp::reject_count; ++i)
        rejected[vrrp::reject_names[i]] = status.rejected[i];
    tell({{"event", "status"},
          {"state", name_of(status.state)},
          {"reason", status.reason},
          {"master", status.master ? status.master->to_string() : std::string()},
          {"adverts_sent", status.adverts_sent},
          {"adverts_received", status.adverts_received},
          {"send_errors", status.send_errors},
          {"transitions", status.transitions},
          {"rival_adverts", status.rival_adverts},
          {"address_list_differs", status.address_list_differs},
          {"rejected", std::move(rejected)}});
}

options::options_description known_options() {
    options::options_description result("vrrp-harness");
    result.add_options()                                                        //
        ("interface", options::value<std::string>()->required(), "")            //
        ("source", options::value<std::string>()->required(), "own address")    //
        ("address", options::value<std::vector<std::string>>()->required(), "") //
        ("peer", options::value<std::vector<std::string>>(), "unicast")         //
        ("version", options::value<unsigned>()->default_value(3), "")           //
        ("vrid", options::value<unsigned>()->default_value(51), "")             //
        ("priority", options::value<unsigned>()->default_value(100), "")        //
        ("interval", options::value<unsigned>()->default_value(1000), "ms")     //
        ("password", options::value<std::string>(), "version 2")                //
        ("no-preempt", "")                                                      //
        ("preempt-delay", options::value<unsigned>()->default_value(0), "s")    //
        ("start-as-master", "")                                                 //
        ("garp-repeat", options::value<unsigned>()->default_value(5), "")       //
        ("garp-delay", options::value<unsigned>()->default_value(5), "s")       //
        ("garp-refresh", options::value<unsigned>()->default_value(0), "s");
    return result;
}

vrrp::Settings settings_of(const options::variables_map& given) {
    vrrp::Settings settings;
    settings.name = "harness";
    settings.interface = given["interface"].as<std::string>();
    settings.source = asio::ip::make_address(given["source"].as<std::string>());
    for (const auto& text : given["address"].as<std::vector<std::string>>()) {
        const auto address = asio::ip::make_address(text);
        settings.addresses.push_back({address, std::uint8_t(address.is_v4() ? 32 : 128)});
    }
    if (given.contains("peer")) settings.least_ttl = 1; // keepalived's IPv6 adverts to peers
    if (given.contains("peer"))
        for (const auto& text : given["peer"].as<std::vector<std::string>>())
            settings.peers.push_back(asio::ip::make_address(text));
    settings.version = given["version"].as<unsigned>();
    settings.vrid = static_cast<std::uint8_t>(given["vrid"].as<unsigned>());
    settings.priority = static_cast<std::uint8_t>(given["priority"].as<unsigned>());
    settings.interval = std::chrono::milliseconds(given["interval"].as<unsigned>());
    if (given.contains("password")) settings.password = given["password"].as<std::string>();
    settings.preempt = !given.contains("no-preempt");
    settings.preempt_delay = std::chrono::seconds(given["preempt-delay"].as<unsigned>());
    settings.start_as_master = given.contains("start-as-master");
    settings.garp_repeat = given["garp-repeat"].as<unsigned>();
    settings.garp_delay = std::chrono::seconds(given["garp-delay"].as<unsigned>());
    settings.garp_refresh = std::chrono::seconds(given["garp-refresh"].as<unsigned>());
    return settings;
}

void run(const vrrp::Settings& settings) {
    asio::io_context io(1);
    Teller teller;
    vrrp::Instance instance(io, settings, teller);
    bool ready = true;
    asio::signal_set signals(io, SIGUSR1, SIGUSR2, SIGTERM);
    std::function<void()> listen = [&] {
        signals.async_wait([&](const boost::system::error_code& error, int signal) {
            if (error || signal == SIGTERM) return io.stop();
            if (signal == SIGUSR1) tell_status(instance.status());
            if (signal == SIGUSR2) instance.set_ready(ready = !ready);
            listen();
        });
    };
    listen();
    instance.set_ready(true);
    io.run();
    instance.stop();
    tell_status(instance.status());
}

} // namespace

int main(int argc, char** argv) {
    try {
        options::variables_map given;
        options::store(options::parse_command_line(argc, argv, known_options()), given);
        options::notify(given);
        run(settings_of(given));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "vrrp-harness: " << error.what() << '\n' << known_options();
        return 1;
    }
}
