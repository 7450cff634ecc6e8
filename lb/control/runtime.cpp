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

#include "config/warnings.h"
#include "lb/control/asio_address.h"
#include "lb/control/engine_options.h"
#include "lb/control/file_warnings.h"
#include "lb/control/log.h"
#include "lb/control/packet_sockets.h"
#include "lb/control/privileges.h"
#include "lb/control/status_line.h"

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

Tap::Addresses sorted_addresses(const config::Network& network,
                                const std::vector<config::Service>& services) {
    Tap::Addresses addresses;
    for (const config::Prefix& prefix : network.addresses) {
        const bool of_service = std::any_of(
            services.begin(), services.end(),
            [&](const config::Service& service) { return service.address == prefix.address; });
        (of_service ? addresses.of_services : addresses.own).push_back(prefix);
    }
    return addresses;
}

// Kernel interfaces are made quiet before DPDK opens its sockets on them.
std::vector<std::unique_ptr<KernelPort>> kernel_ports(Rtnetlink& netlink,
                                                      const config::Config& config) {
    std::vector<std::unique_ptr<KernelPort>> ports;
    for (const config::Port& port : config.ports) {
        if (!is_kernel_interface(port.device)) continue;
        const auto driver = port.device.kind == config::Device::Kind::af_xdp
                                ? KernelPort::Driver::af_xdp
                                : KernelPort::Driver::af_packet;
        ports.push_back(
            std::make_unique<KernelPort>(netlink, port.device.name, driver, config.workers.count));
        for (const std::string& warning : ports.back()->warnings()) log(LogLevel::warning, warning);
    }
    return ports;
}

} // namespace

Runtime::Runtime(std::string config_file, config::Config config)
    : config_file_(std::move(config_file)),
      config_(std::move(config)),
      exclusive_(config_.control.socket),
      kernel_ports_(kernel_ports(netlink_, config_)),
      engine_(engine_options(config_)),
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
               {[this](const auto& name) { return taps_[interface_of(name)]->link_local(); },
                [this](const auto& name, const auto& mac, bool taken) {
                    take_virtual_mac(interface_of(name), mac, taken);
                }},
               [this](auto state, const auto& name, auto priority, auto reason) {
                   notifier_.router_is(state, name, priority, reason);
               }),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      second_(io_),
      handshakes_(io_),
      pulse_(io_),
      succession_(io_),
      publication_(io_) {
    for (const std::string& warning : config::warnings(config_)) log(LogLevel::warning, warning);
    warn_of_files();
    open_taps();
    links_.resize(taps_.size());
    engine_.start();
    std::vector<Tap*> taps;
    for (const auto& tap : taps_) taps.push_back(tap.get());
    bridge_.emplace(engine_, taps);
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

void Runtime::warn_of_files() const {
    for (const std::string& warning : file_warnings(config_file_, config_))
        log(LogLevel::warning, config_file_ + ": " + warning);
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

config::MacAddress Runtime::mac_of(std::size_t interface) {
    config::MacAddress mac;
    const rte_ether_addr& own = engine_.port_of(interface).mac();
    std::copy_n(own.addr_bytes, mac.bytes.size(), mac.bytes.begin());
    return mac;
}

void Runtime::open_taps() {
    for (const config::Port& port : config_.ports)
        if (port.device.kind == config::Device::Kind::af_packet)
            widen_packet_sockets(port.device.name);
    for (const config::Network& network : config::networks(config_)) {
        const auto carrier =
            std::find_if(kernel_ports_.begin(), kernel_ports_.end(), [&](const auto& kernel_port) {
                return kernel_port->interface() == config_.ports[network.port].device.name;
            });
        carriers_.push_back(carrier == kernel_ports_.end() ? nullptr : carrier->get());
        taps_.push_back(std::make_unique<Tap>(netlink_, network.name, mac_of(taps_.size()),
                                              network.mtu,
                                              sorted_addresses(network, config_.services)));
        for (const auto& gateway : {network.gateway, network.gateway6}) {
            if (!gateway) continue;
            if (const auto error = netlink_.set_default_route(taps_.back()->index(), *gateway))
                throw std::system_error(error, network.name + ": default route");
        }
    }
}

std::size_t Runtime::interface_of(const std::string& name) const {
    return static_cast<std::size_t>(
        std::find_if(taps_.begin(), taps_.end(),
                     [&](const auto& tap) { return tap->name() == name; }) -
        taps_.begin());
}

void Runtime::take_virtual_mac(std::size_t interface, const config::MacAddress& mac, bool taken) {
    rte_ether_addr address{};
    std::copy(mac.bytes.begin(), mac.bytes.end(), address.addr_bytes);
    engine_.port_of(interface).take_virtual_mac(address, taken);
}

void Runtime::set_host_frames() {
    std::vector<HostFrames> frames;
    for (std::size_t interface = 0; interface < taps_.size(); ++interface) {
        std::vector<config::VrrpInstance> instances;
        for (const config::VrrpInstance& instance : config_.vrrp)
            if (instance.port == taps_[interface]->name()) instances.push_back(instance);
        frames.emplace_back(mac_of(interface), instances);
    }
    bridge_->set_frames(std::move(frames));
}

void Runtime::allow_virtual_ipv6() {
    for (const config::VrrpInstance& instance : config_.vrrp) {
        const bool any =
            std::any_of(instance.virtual_addresses.begin(), instance.virtual_addresses.end(),
                        [](const config::Prefix& prefix) {
                            return prefix.address.family == config::IpAddress::Family::v6;
                        });
        if (any) taps_[interface_of(instance.port)]->enable_ipv6(netlink_);
    }
}

void Runtime::run() {
    await_signal();
    every_second();
    watch_handshakes();
    feel_pulse();
    log(LogLevel::notice, "lbd " LBD_VERSION " runs with " + std::to_string(engine_.workers()) +
                              " workers on " + std::to_string(engine_.ports()) + " ports");
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
            neighbours.insert({taps_[record.interface]->index(), record.next_hop()});
    }
    neighbours_.track(neighbours);
    if (const std::string shortage = neighbours_.shortage(); !shortage.empty())
        log(LogLevel::warning, shortage);
    for (const Neighbours::Neighbour& neighbour : neighbours)
        roster_.set_mac(neighbour.address, neighbours_.find(neighbour));
    checks_.adopt(roster_, config::networks(config_));
    pool_.reconcile(checks_.targets());
    for (std::size_t index = 0; index < roster_.backends().size(); ++index) {
        const auto slot = static_cast<dataplane::BackendSlot>(index);
        if (roster_.backends()[slot].configured) roster_.set_health(slot, judge(slot));
    }
    traffic_.sample(engine_, roster_, Clock::now());
    publish();
    if (synchronizer_) synchronizer_->set_directory(std::make_shared<sync::Directory>(roster_));
    allow_virtual_ipv6();
    set_host_frames();
    routers_.reconcile(config_);
}

std::optional<health::Mac> Runtime::mac_of_neighbour(
    const std::string& interface, const boost::asio::ip::address& address) const {
    const auto parsed = config::IpAddress::parse(address.to_string());
    const std::size_t index = interface_of(interface);
    if (!parsed || index == taps_.size()) return std::nullopt;
    const auto mac = neighbours_.find({taps_[index]->index(), *parsed});
    return mac ? std::optional(mac->bytes) : std::nullopt;
}

Health Runtime::judge(dataplane::BackendSlot slot) const {
    return checks_.judge(slot, roster_.backends()[slot].health,
                         [this](const health::Target& target) { return pool_.verdict(target); });
}

void Runtime::publish_soon() {
    if (std::exchange(publish_pending_, true)) return;
    publication_.expires_at(next_publication_);
    publication_.async_wait([this](const boost::system::error_code& error) {
        if (!error && !computing_) compute_soon();
    });
}

void Runtime::compute_soon() {
    constexpr std::chrono::milliseconds between_tables{10};
    publish_pending_ = false;
    computing_ = true;
    next_publication_ = Clock::now() + between_tables;
    asio::post(computer_, [this, plan = roster_.plan(Clock::now())]() mutable {
        asio::post(io_, [this, table = compute(std::move(plan))]() mutable {
            computing_ = false;
            publish_computed(std::move(table));
            if (std::exchange(publish_pending_, false)) publish_soon();
        });
    });
}

// At once: what follows relies on it. What is being computed meanwhile will be out of date.
void Runtime::publish() {
    publish_computed(compute(roster_.plan(Clock::now())));
}

void Runtime::publish_computed(std::unique_ptr<const dataplane::ForwardingTable> table) {
    const bool current = table->generation() > published_;
    if (current) {
        published_ = table->generation();
        engine_.publication().publish(std::move(table));
    }
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
    if (roster_.set_mac(neighbour.address, mac)) publish_soon();
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
    publish_soon();
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
    if (engine_.publication().retired() == 0)
        roster_.release([this](dataplane::BackendSlot slot) { return in_use(slot); });
    if (roster_.warms_up()) publish_soon();
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
    const bool links_wait = std::any_of(links_.begin(), links_.end(),
                                        [](const LinkReturn& link) { return link.waits(); });
    const auto attempts_at_down = links_wait ? pool_.least_attempts_at_down() : std::nullopt;
    std::map<std::string, std::string> links;
    for (std::size_t index = 0; index < taps_.size(); ++index)
        links[taps_[index]->name()] = links_[index].judge(
            {look_at_link(index), facts.state_received, attempts_at_down}, Clock::now());
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

bool Runtime::look_at_link(std::size_t interface) {
    const KernelPort* carrier = carriers_[interface];
    dataplane::Port& port = engine_.port_of(interface);
    const bool up = (carrier == nullptr || carrier->link_up()) && port.device_link_up();
    port.set_link(up);
    return up;
}

void Runtime::await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal != SIGHUP) {
            log(LogLevel::notice, "stopping");
            service_manager_.stops();
            hand_over();
            return;
        }
        reload();
        await_signal();
    });
}

// Packets are forwarded and connections told until the successors have the addresses.
void Runtime::hand_over() {
    routers_.leave();
    constexpr std::chrono::milliseconds for_announcements{50};
    await_successors(Clock::now() + routers_.longest_wait() + for_announcements);
}

void Runtime::await_successors(Clock::time_point deadline) {
    if (!routers_.lingers() || Clock::now() >= deadline) return take_leave();
    succession_.expires_after(std::chrono::milliseconds(2));
    succession_.async_wait([this, deadline](const boost::system::error_code& error) {
        if (!error) await_successors(deadline);
    });
}

// The virtual addresses are somebody else's by now: what is told may take its time, but for so
// long.
void Runtime::take_leave() {
    constexpr std::chrono::seconds longest{5};
    routers_.stop();
    for (const ServiceRecord& service : roster_.services()) {
        if (!service.configured || !service.config.omega) continue;
        for (const dataplane::BackendSlot slot : service.backends)
            if (const BackendRecord& backend = roster_.backends()[slot]; backend.is_up())
                notifier_.leave_backend(service.config, backend.config);
        if (service.standing.quorum == true) notifier_.leave_quorum(service.config);
    }
    notifier_.finish(longest, [this] { io_.stop(); });
}

} // namespace lbd::control
