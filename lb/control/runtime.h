// SPDX-License-Identifier: BSD-3-Clause
// The daemon: data plane, host interface, health checks, VRRP and control socket put together on
// one event loop, started in this order and stopped in reverse.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "health/pool.h"
#include "lb/control/backend_checks.h"
#include "lb/control/buffer_watch.h"
#include "lb/control/control_socket.h"
#include "lb/control/departure.h"
#include "lb/control/exclusive.h"
#include "lb/control/host_bridge.h"
#include "lb/control/host_interfaces.h"
#include "lb/control/link_news.h"
#include "lb/control/metrics/page.h"
#include "lb/control/metrics/server.h"
#include "lb/control/neighbours.h"
#include "lb/control/notify/notifier.h"
#include "lb/control/passive_checks.h"
#include "lb/control/readiness.h"
#include "lb/control/roster.h"
#include "lb/control/rtnetlink.h"
#include "lb/control/service_manager.h"
#include "lb/control/status.h"
#include "lb/control/sync/synchronizer.h"
#include "lb/control/table_publisher.h"
#include "lb/control/telemetry/telemetry.h"
#include "lb/control/trace/tracing.h"
#include "lb/control/traffic.h"
#include "lb/control/virtual_routers.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

class Runtime {
  public:
    // Starts everything. Throws what says why it cannot.
    Runtime(std::string config_file, config::Config config);
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    ~Runtime();

    // Until SIGTERM or SIGINT.
    void run();

  private:
    using Clock = std::chrono::steady_clock;

    void log_warnings() const;
    void drop_privileges() const;
    void apply_config();
    void table_is_out();
    void check_readiness_soon();
    void neighbour_changed(const Neighbours::Neighbour& neighbour,
                           const std::optional<config::MacAddress>& mac);
    void health_changed(const health::Target& target, health::Verdict verdict,
                        const std::string& reason);
    void every_second();
    void watch_buffers();
    void watch_handshakes();
    void feel_pulse();
    void check_readiness();
    void discard_host_frames(std::size_t hanging_thread);
    std::vector<std::uint64_t> worker_polls();
    std::vector<std::uint64_t> pulses();
    unsigned live_backends(const std::string& service) const;
    void serve_metrics();
    metrics::Snapshot snapshot();
    void await_signal();

    std::optional<health::Mac> mac_of_neighbour(const std::string& interface,
                                                const boost::asio::ip::address& address) const;
    Health judge(dataplane::BackendSlot slot) const;
    bool in_use(dataplane::BackendSlot slot);

    boost::asio::awaitable<boost::json::value> handle(boost::json::object request,
                                                      ReplyStream& stream);
    boost::json::value reload();
    boost::json::value failover(const boost::json::object& request);
    boost::json::value backend_by_hand(const boost::json::object& request);
    // A worker runs one errand at a time.
    struct EndTurn {
        void operator()(bool* taken) const { *taken = false; }
    };
    using Turn = std::unique_ptr<bool, EndTurn>;
    boost::asio::awaitable<Turn> turn_at_workers();
    boost::asio::awaitable<boost::json::value> connections(std::size_t limit);
    boost::asio::awaitable<boost::json::value> trace(const boost::json::object& request,
                                                     ReplyStream& stream);
    boost::asio::awaitable<boost::json::value> explain_flow(const boost::json::object& request);
    boost::json::object health_status() const;
    StatusSources sources();

    std::string config_file_;
    config::Config config_;
    Clock::time_point started_ = Clock::now();
    Exclusive exclusive_;        // before anything that the end of a second lbd would undo
    bool workers_asked_ = false; // somebody has the turn; outlives coroutines of io_
    boost::asio::io_context io_{1};
    ServiceManager service_manager_{io_}; // before other threads
    // Before what the end by a signal would leave behind: a start is stopped when it is over.
    boost::asio::signal_set signals_{io_, SIGTERM, SIGINT, SIGHUP};
    Rtnetlink netlink_;
    KernelPorts kernel_ports_;
    dataplane::Engine engine_;
    HostInterfaces interfaces_;
    std::optional<HostBridge> bridge_;
    Roster roster_;
    boost::asio::thread_pool computer_{1}; // of what takes long
    TablePublisher publisher_;
    std::optional<sync::Synchronizer> synchronizer_;
    Traffic traffic_;
    Tracing tracing_{engine_, roster_};
    Readiness readiness_;
    std::string obstacle_ = "starting"; // to being master; empty: ready
    metrics::Reloads reloads_;
    BufferWatch buffers_;
    LinkNews link_news_;
    Neighbours neighbours_;
    BackendChecks checks_;
    PassiveChecks passive_checks_;
    notify::Notifier notifier_;
    health::Pool pool_;
    VirtualRouters routers_;
    std::optional<ControlSocket> socket_;
    boost::asio::steady_timer second_;
    boost::asio::steady_timer handshakes_;
    boost::asio::steady_timer pulse_;
    Departure departure_;
    std::optional<metrics::Page> metrics_page_;
    std::optional<metrics::Server> metrics_server_;
    bool readiness_pending_ = false;
    std::optional<telemetry::Telemetry> telemetry_; // ends first: others ask it
};

} // namespace lbd::control
