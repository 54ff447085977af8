using Microsoft.AspNetCore.SignalR;

namespace EventLoop.AspNetCore.Requests;

internal sealed class HubFilter : IHubFilter
{
}
