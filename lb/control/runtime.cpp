// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/runtime.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstring>
#include <random>
#include <utility>

#include "lb/control/asio_address.h"
#include "lb/control/engine_options.h"
#include "lb/control/log.h"
#include "lb/control/privileges.h"
#include "lb/control/status_line.h"
#include "lb/control/warnings.h"

namespace lbd::control {

namespace asio = boost::asio;

namespace {

void take_realtime_priority(unsigned priority) {
    if (priority == 0) return;
    sched_param parameters{};
    parameters.sched_priority = static_cast<int>(priority);
    // Threads that are started from here on are ordinary again.
    if (const int error =
            pthread_setschedparam(pthread_self(), SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters))
        log(LogLevel::warning,
            std::string("no real-time priority for the control thread: ") + std::strerror(error));
}

} // namespace

Runtime::Runtime(std::string config_file, config::Config config)
    : config_file_(std::move(config_file)),
      config_(std::move(config)),
      exclusive_(config_.control.socket),
      kernel_ports_(open_kernel_ports(netlink_, config_)),
      engine_(engine_options(config_)),
      interfaces_(netlink_, engine_, kernel_ports_, config_),
      publisher_(io_, computer_, roster_, engine_.publication(), [this] { table_is_out(); }),
      link_news_(io_, [this] { check_readiness_soon(); }),
      neighbours_(
          io_, netlink_,
          [this](const auto& neighbour, const auto& mac) { neighbour_changed(neighbour, mac); }),
      notifier_(io_),
      pool_(
          io_, std::random_device{}(),
          [this](const auto& target, auto verdict, const auto& reason) {
              health_changed(target, verdict, reason);
          },
          [](const auto& target, const auto& warning) {
              log(LogLevel::warning, "backend " + text_of(target.probe) + ' ' + warning);
          },
          [this](const auto& interface, const auto& address) {
              return mac_of_neighbour(interface, address);
          }),
      routers_(io_, netlink_,
               {[this](const auto& name) { return interfaces_.tap(name).link_local(); },
                [this](const auto& name, const auto& mac, bool taken) {
                    interfaces_.take_virtual_mac(name, mac, taken);
                }},
               [this](auto state, const auto& name, auto priority, auto reason) {
                   notifier_.router_is(state, name, priority, reason);
               }),
      second_(io_),
      handshakes_(io_),
      pulse_(io_),
      departure_(io_, routers_, roster_, notifier_) {
    log_warnings();
    engine_.start();
    bridge_.emplace(engine_, interfaces_.taps());
    socket_.emplace(io_, config_.control.socket, config_.control.group,
                    [this](boost::json::object request, ReplyStream& stream) {
                        return handle(std::move(request), stream);
                    });
    serve_metrics();
    take_realtime_priority(config_.control.realtime_priority);
    apply_config();
    if (config_.sync)
        synchronizer_.emplace(*config_.sync, engine_, std::make_shared<sync::Directory>(roster_));
    telemetry_.emplace(io_, [this] { return snapshot(); });
    drop_privileges();
}

Runtime::~Runtime() {
    telemetry_.reset();
    computer_.join();
    routers_.stop();
    // The last advert, of priority 0, is on its way through the host interface and a worker.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    synchronizer_.reset();
    bridge_.reset();
    engine_.stop();
    prepare_to_close_devices();
}

// Neither a start nor a reload fails by what could only have been a warning.
void Runtime::log_warnings() const {
    try {
        for (const std::string& warning : all_warnings(config_file_, config_))
            log(LogLevel::warning, config_file_ + ": " + warning);
    } catch (const std::exception& error) {
        log(LogLevel::warning, error.what());
    }
}

void Runtime::drop_privileges() const {
    NeededLater needed{config_.control.script_capabilities, false};
    for (const config::Port& port : config_.ports)
        needed.af_xdp |= port.device.kind == config::Device::Kind::af_xdp;
    for (const std::string& failure : control::drop_privileges(needed))
        log(LogLevel::warning, failure);
    if (euidaccess(config_file_.c_str(), R_OK) != 0)
        log(LogLevel::warning, config_file_ +
                                   " could be read at the start, but not for a reload: "
                                   "root needs the right by the file's own mode");
}

void Runtime::run() {
    await_signal();
    every_second();
    watch_handshakes();
    feel_pulse();
    log(LogLevel::notice, "lbd runs with " + std::to_string(engine_.workers()) + " workers on " +
                              std::to_string(engine_.ports()) + " ports");
    service_manager_.serves({[this] { return pulses(); },
                             [this] {
                                 return (readiness_.thread_hangs() ? obstacle_ + "; " : "") +
                                        status_line(routers_.status(), roster_);
                             }});
    io_.run();
}

void Runtime::apply_config() {
    roster_.adopt(config_);
    notifier_.adopt(config_);
    std::set<Neighbours::Neighbour> neighbours;
    for (const BackendRecord& record : roster_.backends()) {
        if (!record.in_slot) continue;
        if (!record.config.mac)
            neighbours.insert({interfaces_.tap(record.interface).index(), record.next_hop()});
    }
    neighbours_.track(neighbours);
    if (const std::string shortage = neighbours_.shortage(); !shortage.empty())
        log(LogLevel::warning, shortage);
    for (const Neighbours::Neighbour& neighbour : neighbours)
        roster_.set_mac(interfaces_.of_companion(neighbour.interface), neighbour.address,
                        neighbours_.find(neighbour));
    checks_.adopt(roster_, config::networks(config_));
    pool_.reconcile(checks_.targets());
    for (std::size_t index = 0; index < roster_.backends().size(); ++index) {
        const auto slot = static_cast<dataplane::BackendSlot>(index);
        if (roster_.backends()[slot].configured) roster_.set_health(slot, judge(slot));
    }
    traffic_.sample(engine_, roster_, Clock::now());
    publisher_.publish();
    if (synchronizer_) synchronizer_->set_directory(std::make_shared<sync::Directory>(roster_));
    interfaces_.allow_virtual_ipv6(netlink_, config_.vrrp);
    bridge_->set_frames(interfaces_.frames(config_.vrrp));
    routers_.reconcile(config_);
}

std::optional<health::Mac> Runtime::mac_of_neighbour(
    const std::string& interface, const boost::asio::ip::address& address) const {
    const auto parsed = config::IpAddress::parse(address.to_string());
    const std::size_t index = interfaces_.index_of(interface);
    if (!parsed || index == interfaces_.size()) return std::nullopt;
    const auto mac = neighbours_.find({interfaces_.tap(index).index(), *parsed});
    return mac ? std::optional(mac->bytes) : std::nullopt;
}

Health Runtime::judge(dataplane::BackendSlot slot) const {
    return checks_.judge(slot, roster_.backends()[slot].health,
                         [this](const health::Target& target) { return pool_.verdict(target); });
}

void Runtime::table_is_out() {
    for (const Roster::News& news : roster_.take_news()) {
        log(LogLevel::warning, news.text);
        if (news.quorum) notifier_.quorum_is(*news.quorum, news.service);
    }
    check_readiness_soon();
}

void Runtime::check_readiness_soon() {
    if (std::exchange(readiness_pending_, true)) return;
    asio::post(io_, [this] {
        readiness_pending_ = false;
        check_readiness();
    });
}

void Runtime::neighbour_changed(const Neighbours::Neighbour& neighbour,
                                const std::optional<config::MacAddress>& mac) {
    log(LogLevel::info, "neighbour " + neighbour.address.text() +
                            (mac ? " is at " + mac->text() : " does not answer"));
    if (roster_.set_mac(interfaces_.of_companion(neighbour.interface), neighbour.address, mac))
        publisher_.publish_soon();
    check_readiness_soon();
}

void Runtime::health_changed(const health::Target& target, health::Verdict verdict,
                             const std::string& reason) {
    const bool up = verdict == health::Verdict::up;
    const bool alone =
        std::all_of(checks_.backends_of(target).begin(), checks_.backends_of(target).end(),
                    [this](dataplane::BackendSlot slot) { return checks_.of(slot).size() == 1; });
    const std::string check =
        alone ? "" : " by its " + std::string(health::name_of(target.probe.kind)) + " check";
    log(LogLevel::notice,
        "backend " + text_of(target.probe) + (up ? " is up" : " is down") + check + ": " + reason);
    for (const dataplane::BackendSlot slot : checks_.backends_of(target)) {
        roster_.set_health(slot, judge(slot));
        const BackendRecord& record = roster_.backends()[slot];
        if (!up) neighbours_.doubt(record.next_hop());
        if (record.health != Health::unknown)
            notifier_.backend_is(record.health == Health::up,
                                 roster_.services()[record.service].config, record.config, reason);
    }
    publisher_.publish_soon();
    check_readiness_soon();
}

bool Runtime::in_use(dataplane::BackendSlot slot) {
    const Totals totals = counted(engine_, slot);
    return totals.active + totals.inactive + totals.persistent != 0;
}

void Runtime::watch_buffers() {
    std::vector<BufferWatch::Port> ports;
    for (std::size_t index = 0; index < engine_.ports(); ++index)
        ports.push_back({config_.ports[index].name, engine_.port(index).out_of_buffers()});
    for (const std::string& line : buffers_.look(ports)) log(LogLevel::warning, line);
}

void Runtime::every_second() {
    watch_buffers();
    traffic_.sample(engine_, roster_, Clock::now());
    engine_.publication().reclaim();
    // While a worker may still read an older table, it may still give a removed backend a flow.
    const bool retires =
        engine_.publication().retired() == 0 && publisher_.up_to_date() &&
        roster_.release([this](dataplane::BackendSlot slot) { return in_use(slot); });
    if (retires || roster_.warms_up()) publisher_.publish_soon();
    second_.expires_after(std::chrono::seconds(1));
    second_.async_wait([this](const boost::system::error_code& error) {
        if (!error) every_second();
    });
}

void Runtime::watch_handshakes() {
    const auto suspects = passive_checks_.sample(
        roster_, [this](dataplane::BackendSlot slot) { return handshakes(engine_, slot); });
    for (const auto& [slot, news] : suspects) {
        if (!news.empty()) log(LogLevel::notice, news);
        for (const health::Target& target : checks_.of(slot)) pool_.check_now(target);
    }
    handshakes_.expires_after(std::chrono::milliseconds(200));
    handshakes_.async_wait([this](const boost::system::error_code& error) {
        if (!error) watch_handshakes();
    });
}

// A worker or link that is gone is to be noticed before the peers notice it.
void Runtime::feel_pulse() {
    check_readiness();
    pulse_.expires_after(routers_.shortest_interval());
    pulse_.async_wait([this](const boost::system::error_code& error) {
        if (!error) feel_pulse();
    });
}

std::vector<std::uint64_t> Runtime::worker_polls() {
    std::vector<std::uint64_t> polls;
    for (std::size_t worker = 0; worker < engine_.workers(); ++worker)
        polls.push_back(engine_.worker(worker).counters().polls.get());
    return polls;
}

std::vector<std::uint64_t> Runtime::pulses() {
    std::vector<std::uint64_t> pulses = worker_polls();
    pulses.push_back(bridge_->rounds());
    return pulses;
}

void Runtime::check_readiness() {
    Readiness::Facts facts{neighbours_.concluded(), pool_.all_judged(),
                           !synchronizer_ || synchronizer_->settled(), worker_polls()};
    // Short silences are the machine's, not the worker's.
    facts.longest_silence =
        std::max<Clock::duration>(3 * routers_.shortest_interval(), std::chrono::milliseconds(200));
    facts.host_rounds = bridge_->rounds();
    const std::string obstacle = obstacle_ = readiness_.judge(facts, Clock::now());
    for (const std::size_t thread : readiness_.hanging()) discard_host_frames(thread);
    const auto attempts_at_down =
        interfaces_.links_wait() ? pool_.least_attempts_at_down() : std::nullopt;
    auto links = interfaces_.judge_links(facts.state_received, attempts_at_down, Clock::now());
    Conditions conditions;
    (readiness_.thread_hangs() ? conditions.workers : conditions.start) = obstacle;
    conditions.link = [links = std::move(links)](const std::string& port) {
        return links.at(port);
    };
    conditions.live_backends = [this](const std::string& service) {
        return live_backends(service);
    };
    routers_.judge(conditions);
}

// What waits behind a thread that hangs, advertisements above all, is out of date when it goes on:
// the peer would give way to it.
void Runtime::discard_host_frames(std::size_t hanging_thread) {
    if (hanging_thread < engine_.workers())
        engine_.worker(hanging_thread).discard_host_frames();
    else
        bridge_->discard_from_host();
}

unsigned Runtime::live_backends(const std::string& service) const {
    for (const ServiceRecord& record : roster_.services()) {
        if (!record.configured || record.config.name != service) continue;
        return static_cast<unsigned>(std::count_if(
            record.backends.begin(), record.backends.end(), [this](dataplane::BackendSlot slot) {
                const BackendRecord& backend = roster_.backends()[slot];
                return backend.is_live() && !backend.config.sorry;
            }));
    }
    return 0;
}

void Runtime::await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGHUP) {
            log(LogLevel::notice, "stopping");
            service_manager_.stops();
            departure_.begin([this] { io_.stop(); });
            return;
        }
        reload();
        await_signal();
    });
}

} // namespace lbd::control
