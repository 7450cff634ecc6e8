// SPDX-License-Identifier: BSD-3-Clause
// The thread between the workers' channels and the other directors: what workers tell goes out in
// batches, what peers tell comes in. Neither the workers nor the control thread wait for it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "config/config.h"
#include "lb/control/sync/directory.h"
#include "lb/control/sync/session.h"
#include "lb/dataplane/engine.h"

namespace lbd::control::sync {

struct Status {
    SessionStatus session;
    std::uint64_t imported = 0;
    std::uint64_t refused = 0;    // by the workers: no room, or no such backend any more
    std::uint64_t unresolved = 0; // service or backend is not configured here
    std::uint64_t overflows = 0;  // events that found no room at once
};

class Synchronizer : private Surroundings {
  public:
    // Throws boost::system::system_error if the socket does not do. The engine has channels.
    Synchronizer(const config::Sync& config, dataplane::Engine& engine,
                 std::shared_ptr<const Directory> directory);
    Synchronizer(const Synchronizer&) = delete;
    Synchronizer& operator=(const Synchronizer&) = delete;
    ~Synchronizer() override;

    // Any thread.
    void set_directory(std::shared_ptr<const Directory> directory);
    bool settled() const { return settled_; }
    Status status() const;

  private:
    void run();
    bool collect();
    bool receive();
    void grant(Clock::time_point now);
    void publish_status(Clock::time_point now);
    void wait(bool busy);
    void take_directory();

    void send_to_all(const Bytes& datagram) override;
    void send(const Endpoint& peer, const Bytes& datagram) override;
    void import(const Entry& entry) override;
    void repeat_all(std::uint32_t pass) override;
    void end_of_pass(std::size_t worker, std::uint32_t pass);
    void hand_to_workers(const dataplane::FlowEvent& event);
    bool imports_have_room();

    const config::Sync config_;
    dataplane::Engine& engine_;
    boost::asio::io_context io_;
    boost::asio::ip::udp::socket socket_;
    std::vector<Endpoint> destinations_;
    Session session_;
    std::shared_ptr<const Directory> directory_; // the thread's
    std::vector<std::uint32_t> passes_ended_;    // by worker
    std::uint32_t pass_told_ = 0;
    std::uint64_t unresolved_ = 0;
    std::uint64_t overflows_ = 0; // of imports
    Clock::time_point granted_at_;
    Clock::time_point published_at_{};

    mutable std::mutex mutex_; // of what follows
    std::shared_ptr<const Directory> next_directory_;
    Status status_;

    std::atomic<bool> settled_{false};
    std::atomic<bool> stopping_{false};
    std::thread thread_; // last: it uses all of the above
};

} // namespace lbd::control::sync
